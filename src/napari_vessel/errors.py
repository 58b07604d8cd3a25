"""Errors a person can act on: what was found, what was expected, what to do.

Every error that reaches the dock or the command line is one of these. None
derives from ``RuntimeError``: Qt generator workers swallow those. A
:class:`CallerError` is a mistake of the caller's and ends a command with
status 2; the others are faults of the world and end it with status 1.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CallerError",
    "CheckpointError",
    "ComputeError",
    "DeviceMemoryError",
    "ExportError",
    "JournalError",
    "LabelsError",
    "NothingReviewedError",
    "Offer",
    "OutputExistsError",
    "ProjectBusyError",
    "ProjectError",
    "ReadError",
    "SamplesError",
    "UnsupportedVolumeError",
    "VesselError",
    "VolumeNotFoundError",
    "WriteError",
]


class VesselError(Exception):
    """Any failure that this program explains itself."""


class CallerError(VesselError, ValueError):
    """What was asked cannot be done as asked; asking differently can help."""


class VolumeNotFoundError(CallerError, FileNotFoundError):
    """There is nothing to open at the path or address given."""


class UnsupportedVolumeError(CallerError):
    """There is something, but not a volume this program can take."""


class LabelsError(CallerError):
    """Labels do not fit the volume they are meant for."""


class OutputExistsError(CallerError, FileExistsError):
    """Something already stands where a result would be written."""


class NothingReviewedError(CallerError):
    """Nothing was reviewed, so there is nothing to learn from."""


class ProjectError(CallerError):
    """A folder is no project, or a project of something else."""


class CheckpointError(CallerError):
    """A checkpoint is damaged, foreign, or does not fit its use."""


class SamplesError(CallerError):
    """Files, a table or a volume cannot be taken for samples of classes as asked."""


class ExportError(CallerError):
    """A mask cannot be exported as asked."""


class ReadError(VesselError, OSError):
    """Voxels that should be there could not be read."""


class WriteError(VesselError, OSError):
    """A result could not be written."""


class JournalError(VesselError, OSError):
    """Corrections could not be saved or read."""


class ProjectBusyError(VesselError):
    """Another process holds what is needed here."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Another way to ask for what failed, for a button or the command line.

    Parameters
    ----------
    label
        For a person.
    options : dict
        Names of options and their values: ``{"tile": 512}`` is ``--tile 512``.
    """

    label: str
    options: dict[str, int | str]

    @property
    def options_text(self) -> str:
        """What to give on the command line."""
        return " ".join(f"--{name} {value}" for name, value in self.options.items())


class DeviceMemoryError(VesselError, MemoryError):
    """The device has no room for the work.

    Parameters
    ----------
    message
        What was tried, and what to do.
    offers
        Ways that may have room; each is another recipe.
    """

    def __init__(self, message: str = "", offers: tuple[Offer, ...] = ()) -> None:
        super().__init__(message)
        self.offers = offers

    def __reduce__(self) -> tuple[object, ...]:
        # Said outright: tblib, which comes with dask.distributed, pickles exceptions in a way
        # of its own, and cannot make one of two base classes.
        return type(self), (str(self), self.offers), self.__dict__


class ComputeError(VesselError):
    """The compute process failed or ended."""
