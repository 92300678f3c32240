"""Examples of messages about controllers and their guards."""

from stationd.proto.controller_requests import (
    Controllers,
    ControllerView,
    ListControllers,
    ResetController,
    TargetView,
)
from stationd.proto.guard_requests import Guards, GuardState, ListGuards
from stationd.proto.jobs_protocol import Reply, Request
from tests.proto.examples.values import CAPABILITIES, JOB

REQUESTS: dict[str, Request] = {
    "ListControllers": ListControllers(16),
    "ResetController": ResetController(20, "qpu"),
    "ListGuards": ListGuards(90),
}

REPLIES: dict[str, Reply] = {
    "Controllers": Controllers(
        14,
        (TargetView(name="qpu", controller="qpu"),),
        (
            ControllerView(
                name="qpu",
                driver="simulated-qpu",
                connected=True,
                running=JOB,
                line=2,
                capabilities=CAPABILITIES,
                heard_unix_s=60.5,
            ),
            ControllerView(
                name="adc", driver="", connected=False, running=None, line=0, capabilities=None
            ),
        ),
    ),
    "Guards": Guards(
        90,
        (
            GuardState(
                name="cold",
                readout="fridge.plate",
                targets=("qpu",),
                standing="violated",
                since_unix_s=9.5,
                holds=True,
                fault="0.035 K is above 0.02 K",
                value=0.035,
                unit="K",
                read_unix_s=10.5,
                maximum=0.02,
                grace=30.0,
                every=5.0,
                abort=True,
                aborted=1,
            ),
        ),
    ),
}
