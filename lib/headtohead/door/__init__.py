"""The door: inputs are checked here, once, by every public function, and come out in one form.

What has one meaning is accepted (arms coded 0 and 1, the same patients in another order); what has two is an error of
``errors.py``. A dataclass that checked itself is not checked again: estimators check only what relates two arguments.
"""

from headtohead.door.choices import *  # noqa: F403
from headtohead.door.columns import *  # noqa: F403
from headtohead.door.kinds import *  # noqa: F403
from headtohead.door.people import *  # noqa: F403
