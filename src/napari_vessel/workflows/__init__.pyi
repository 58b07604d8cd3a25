__all__ = [
    "LINE",
    "METHOD_NAMES",
    "RUN_KINDS",
    "WORKFLOWS",
    "AuditPlace",
    "AuditPoint",
    "BlockFailed",
    "BlockProposed",
    "ChunkJudged",
    "ClassEpoch",
    "Classified",
    "ClassifyPlanned",
    "ClassifyRun",
    "ClassifySamples",
    "ClassifyTrain",
    "ClassifyTrained",
    "Clean",
    "Cleaned",
    "Compare",
    "Compared",
    "Convert",
    "Converted",
    "Correct",
    "Corrected",
    "Created",
    "Diagnosed",
    "DrawAudit",
    "Evaluate",
    "Evaluated",
    "Examine",
    "Explain",
    "ExplainClass",
    "Explained",
    "Export",
    "Exported",
    "Focus",
    "Forecast",
    "Foresee",
    "Foreseen",
    "Fused",
    "JobBegun",
    "Light",
    "LightEnded",
    "LightProposed",
    "Measure",
    "Measured",
    "NewProject",
    "PlaceScan",
    "PlaceScene",
    "Planned",
    "PlannedVolume",
    "PolarityUsed",
    "Predict",
    "Progress",
    "Propose",
    "Proposed",
    "RankPlaces",
    "Ranked",
    "Retrain",
    "Retrained",
    "RunFile",
    "RunOptions",
    "ScaleUsed",
    "Side",
    "SlicePoint",
    "SliceProposed",
    "Stock",
    "StudyOpened",
    "StudyPictured",
    "TakeStock",
    "Train",
    "TrainRun",
    "Trained",
    "Triage",
    "TriageMap",
    "Triaged",
    "TrialBegun",
    "TrialEnded",
    "TrialEpoch",
    "Tune",
    "TuneRun",
    "Tuned",
    "Verified",
    "Verify",
    "Workflow",
    "as_csv",
    "as_values",
    "attribution_limits",
    "audit_spared",
    "blended",
    "check_output",
    "config_beside",
    "data_of",
    "default_space",
    "discard_unfinished",
    "draw_audit_set",
    "file_of",
    "forecast",
    "found_again",
    "is_project",
    "is_triage",
    "kind_of",
    "load_run",
    "load_train_run",
    "load_tune_run",
    "located_data",
    "open_triage",
    "polarity_used",
    "project_mask",
    "ranked",
    "read_values",
    "request_as_json",
    "request_of_json",
    "request_of_project",
    "run_text",
    "scale_sentence",
    "scale_used",
    "scan_of",
    "score_audit",
    "score_of",
    "stock_of",
    "validated",
    "write_explained",
    "write_focus",
    "write_run",
]

from ._audit_spared import audit_spared as audit_spared
from ._classify_config import ClassifyRun as ClassifyRun
from ._classify_config import located_data as located_data
from ._classify_data import data_of as data_of
from ._classify_events import ChunkJudged as ChunkJudged
from ._classify_events import ClassEpoch as ClassEpoch
from ._classify_events import Classified as Classified
from ._classify_events import ClassifyPlanned as ClassifyPlanned
from ._classify_events import ClassifyTrained as ClassifyTrained
from ._classify_events import Triaged as Triaged
from ._classify_requests import ClassifySamples as ClassifySamples
from ._classify_requests import ClassifyTrain as ClassifyTrain
from ._classify_requests import Triage as Triage
from ._compare_words import LINE as LINE
from ._compare_words import Compare as Compare
from ._compare_words import Compared as Compared
from ._compare_words import Side as Side
from ._events import BlockFailed as BlockFailed
from ._events import BlockProposed as BlockProposed
from ._events import Cleaned as Cleaned
from ._events import Converted as Converted
from ._events import Corrected as Corrected
from ._events import Created as Created
from ._events import Diagnosed as Diagnosed
from ._events import Evaluated as Evaluated
from ._events import Exported as Exported
from ._events import Foreseen as Foreseen
from ._events import Fused as Fused
from ._events import JobBegun as JobBegun
from ._events import Measured as Measured
from ._events import Planned as Planned
from ._events import PlannedVolume as PlannedVolume
from ._events import Progress as Progress
from ._events import Proposed as Proposed
from ._events import Retrained as Retrained
from ._events import SliceProposed as SliceProposed
from ._events import Trained as Trained
from ._events import Verified as Verified
from ._explain_files import write_explained as write_explained
from ._explain_sentences import METHOD_NAMES as METHOD_NAMES
from ._explain_sentences import attribution_limits as attribution_limits
from ._explain_words import Explain as Explain
from ._explain_words import ExplainClass as ExplainClass
from ._explain_words import Explained as Explained
from ._focusing import write_focus as write_focus
from ._forecast import Forecast as Forecast
from ._forecast import forecast as forecast
from ._job import discard_unfinished as discard_unfinished
from ._job_request import found_again as found_again
from ._job_request import request_as_json as request_as_json
from ._job_request import request_of_json as request_of_json
from ._job_request import request_of_project as request_of_project
from ._light_words import Light as Light
from ._light_words import LightEnded as LightEnded
from ._light_words import LightProposed as LightProposed
from ._light_words import blended as blended
from ._masks import is_project as is_project
from ._masks import project_mask as project_mask
from ._output_check import check_output as check_output
from ._progress import score_audit as score_audit
from ._progress import stock_of as stock_of
from ._progress_audit import draw_audit_set as draw_audit_set
from ._progress_events import AuditPlace as AuditPlace
from ._progress_events import AuditPoint as AuditPoint
from ._progress_events import DrawAudit as DrawAudit
from ._progress_events import SlicePoint as SlicePoint
from ._progress_events import Stock as Stock
from ._progress_events import TakeStock as TakeStock
from ._progress_table import as_csv as as_csv
from ._progress_table import as_values as as_values
from ._queue import ranked as ranked
from ._queue import scan_of as scan_of
from ._queue_events import Ranked as Ranked
from ._queue_events import RankPlaces as RankPlaces
from ._queue_scan import PlaceScan as PlaceScan
from ._queue_scan import PlaceScene as PlaceScene
from ._reading import PolarityUsed as PolarityUsed
from ._reading import polarity_used as polarity_used
from ._registry import WORKFLOWS as WORKFLOWS
from ._registry import Workflow as Workflow
from ._requests import Clean as Clean
from ._requests import Convert as Convert
from ._requests import Correct as Correct
from ._requests import Evaluate as Evaluate
from ._requests import Examine as Examine
from ._requests import Export as Export
from ._requests import Focus as Focus
from ._requests import Foresee as Foresee
from ._requests import Measure as Measure
from ._requests import NewProject as NewProject
from ._requests import Predict as Predict
from ._requests import Propose as Propose
from ._requests import Retrain as Retrain
from ._requests import Train as Train
from ._requests import Verify as Verify
from ._run_file import RunFile as RunFile
from ._run_file import RunOptions as RunOptions
from ._run_kinds import RUN_KINDS as RUN_KINDS
from ._run_kinds import file_of as file_of
from ._run_kinds import kind_of as kind_of
from ._run_places import read_values as read_values
from ._run_read import load_run as load_run
from ._run_read import validated as validated
from ._run_write import config_beside as config_beside
from ._run_write import run_text as run_text
from ._run_write import write_run as write_run
from ._scale import ScaleUsed as ScaleUsed
from ._scale import scale_sentence as scale_sentence
from ._scale import scale_used as scale_used
from ._train_config import TrainRun as TrainRun
from ._train_config import load_train_run as load_train_run
from ._triage_map import TriageMap as TriageMap
from ._triage_map import is_triage as is_triage
from ._triage_map import open_triage as open_triage
from ._tune_config import TuneRun as TuneRun
from ._tune_config import load_tune_run as load_tune_run
from ._tune_recipe import score_of as score_of
from ._tune_request import StudyOpened as StudyOpened
from ._tune_request import StudyPictured as StudyPictured
from ._tune_request import TrialBegun as TrialBegun
from ._tune_request import TrialEnded as TrialEnded
from ._tune_request import TrialEpoch as TrialEpoch
from ._tune_request import Tune as Tune
from ._tune_request import Tuned as Tuned
from ._tune_space import default_space as default_space
