"""The queue and its policy: who goes to the instruments next."""

from stationd.runtime.queue.simple import Claims as Claims
from stationd.runtime.queue.simple import Queue as Queue
