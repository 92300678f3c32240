"""What is counted, and how Prometheus comes by it."""

from stationd.runtime.metrics.metrics import Metrics as Metrics
from stationd.runtime.metrics.serving import served as served
