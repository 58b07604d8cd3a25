__all__ = [
    "AT_WORK",
    "ENDED",
    "LISTED_FAILURES",
    "AuditConfig",
    "AuditSet",
    "AuditWindow",
    "BlockLedger",
    "Control",
    "CorrectionsPlaces",
    "FailedBlock",
    "JobRecord",
    "JobState",
    "JobStatus",
    "KeepingConfig",
    "KeptCheckpoint",
    "Mark",
    "Project",
    "ProjectConfig",
    "Proposal",
    "Pruned",
    "RecordLog",
    "ReviewMarks",
    "ReviewRecords",
    "Verdict",
    "VolumeReference",
    "cleaned_draft",
    "corrections_places",
    "default_project_path",
    "delete_checkpoint",
    "diagnostic_report",
    "draw_audit",
    "find_project",
    "job_of",
    "jobs_of",
    "kept_checkpoints",
    "ledger_path",
    "log_to_folder",
    "open_cleaned",
    "parent_of",
    "prune_checkpoints",
    "read_verdict",
    "rejected_bytes",
    "remove_killed_drafts",
    "shown_mask",
    "use_checkpoint",
    "write_verdict",
]

from ._audit import AuditConfig as AuditConfig
from ._audit import AuditSet as AuditSet
from ._audit import AuditWindow as AuditWindow
from ._audit import draw_audit as draw_audit
from ._checkpoints import KeptCheckpoint as KeptCheckpoint
from ._checkpoints import Pruned as Pruned
from ._checkpoints import delete_checkpoint as delete_checkpoint
from ._checkpoints import kept_checkpoints as kept_checkpoints
from ._checkpoints import parent_of as parent_of
from ._checkpoints import prune_checkpoints as prune_checkpoints
from ._checkpoints import rejected_bytes as rejected_bytes
from ._checkpoints import use_checkpoint as use_checkpoint
from ._cleaned import cleaned_draft as cleaned_draft
from ._cleaned import open_cleaned as open_cleaned
from ._cleaned import remove_killed_drafts as remove_killed_drafts
from ._config import KeepingConfig as KeepingConfig
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
from ._records import RecordLog as RecordLog
from ._report import diagnostic_report as diagnostic_report
from ._review import Mark as Mark
from ._review import ReviewMarks as ReviewMarks
from ._review import ReviewRecords as ReviewRecords
from ._shown import shown_mask as shown_mask
from ._verdict import Verdict as Verdict
from ._verdict import read_verdict as read_verdict
from ._verdict import write_verdict as write_verdict
