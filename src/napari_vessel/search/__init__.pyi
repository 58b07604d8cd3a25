__all__ = [
    "Choice",
    "Range",
    "SearchSpace",
    "Study",
    "StudyConfig",
    "StudySummary",
    "Trial",
    "TrialRecord",
    "trials_as_csv",
    "trials_of_csv",
    "write_figures",
]

from ._config import StudyConfig as StudyConfig
from ._figures import write_figures as write_figures
from ._record import StudySummary as StudySummary
from ._record import TrialRecord as TrialRecord
from ._record import trials_as_csv as trials_as_csv
from ._record import trials_of_csv as trials_of_csv
from ._space import Choice as Choice
from ._space import Range as Range
from ._space import SearchSpace as SearchSpace
from ._study import Study as Study
from ._trial import Trial as Trial
