"""One transmon that Qibolab's emulator plays, pulse by pulse. What it is made of: parameters.json.

Its pulses are resonant with the qubit, T1 is 1 us and T2 is 1.5 us.
"""

from typing import Any

from stationd.actors.untyped import load


def create() -> Any:  # noqa: ANN401 - Qibolab is not where types are checked
    """Return the emulated hardware, as Qibolab asks a platform for it."""
    qibolab, emulator = load("qibolab"), load("qibolab.instruments.emulator")
    qibolab.ConfigKinds.extend([emulator.HamiltonianConfig, emulator.DriveEmulatorConfig])
    qubit = qibolab.Qubit.default(0, channels=["drive", "probe", "acquisition"])
    channels = {
        qubit.drive: qibolab.IqChannel(mixer=None, lo=None),
        qubit.probe: qibolab.IqChannel(mixer=None, lo=None),
        qubit.acquisition: qibolab.AcquisitionChannel(probe=qubit.probe, twpa_pump=None),
    }
    controller = emulator.EmulatorController(address="", channels=channels)
    return qibolab.Hardware(instruments={"emulator": controller}, qubits={0: qubit})
