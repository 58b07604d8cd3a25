__all__ = [
    "AT_WORK",
    "ENDED",
    "LISTED_FAILURES",
    "BlockLedger",
    "Control",
    "CorrectionsPlaces",
    "FailedBlock",
    "JobRecord",
    "JobState",
    "JobStatus",
    "Project",
    "ProjectConfig",
    "Proposal",
    "VolumeReference",
    "cleaned_draft",
    "corrections_places",
    "default_project_path",
    "diagnostic_report",
    "find_project",
    "job_of",
    "jobs_of",
    "ledger_path",
    "log_to_folder",
    "open_cleaned",
    "remove_killed_drafts",
    "shown_mask",
]

from ._cleaned import cleaned_draft as cleaned_draft
from ._cleaned import open_cleaned as open_cleaned
from ._cleaned import remove_killed_drafts as remove_killed_drafts
from ._config import ProjectConfig as ProjectConfig
from ._config import VolumeReference as VolumeReference
from ._finding import find_project as find_project
from ._job_status import AT_WORK as AT_WORK
from ._job_status import ENDED as ENDED
from ._job_status import LISTED_FAILURES as LISTED_FAILURES
from ._job_status import Control as Control
from ._job_status import FailedBlock as FailedBlock
from ._job_status import JobState as JobState
from ._job_status import JobStatus as JobStatus
from ._jobs import JobRecord as JobRecord
from ._jobs import job_of as job_of
from ._jobs import jobs_of as jobs_of
from ._ledger import BlockLedger as BlockLedger
from ._log import log_to_folder as log_to_folder
from ._place import CorrectionsPlaces as CorrectionsPlaces
from ._place import corrections_places as corrections_places
from ._place import default_project_path as default_project_path
from ._project import Project as Project
from ._proposal import Proposal as Proposal
from ._proposal import ledger_path as ledger_path
from ._report import diagnostic_report as diagnostic_report
from ._shown import shown_mask as shown_mask
