"""What makes runs a course: predictions, checked exercises, misconceptions, claims and the trace that joins them.

The content of each notebook stands in ``lessons/``; ``question.py`` and ``exercise.py`` say what it is made of.
"""

from lab_servers.course.answering_live import live_answers
from lab_servers.course.break_parser import break_my_parser
from lab_servers.course.capstone import capstone_job
from lab_servers.course.checking import check, hint, solution
from lab_servers.course.comparison import Comparison
from lab_servers.course.deciding import Decision, decide
from lab_servers.course.decision_tool import decision_tool
from lab_servers.course.keeping import forget_progress, keep_progress, progress
from lab_servers.course.map_of_course import CourseMap, course_map
from lab_servers.course.prediction import Prediction, predict
from lab_servers.course.six_jobs import six_jobs
from lab_servers.course.tracing import claim_table, misconception_table, trace, trace_table
from lab_servers.course.verdict import Verdict

__all__ = [
    "Comparison",
    "CourseMap",
    "Decision",
    "Prediction",
    "Verdict",
    "break_my_parser",
    "capstone_job",
    "check",
    "claim_table",
    "course_map",
    "decide",
    "decision_tool",
    "forget_progress",
    "hint",
    "keep_progress",
    "live_answers",
    "misconception_table",
    "predict",
    "progress",
    "six_jobs",
    "solution",
    "trace",
    "trace_table",
]
