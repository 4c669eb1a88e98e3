"""How sure one can be of a score: intervals, paired comparisons and verdicts, at 95 %.

Scores come in as one sequence a repeat by item key, None where a repeat could not be scored; see
`items` for what counts. `paired_difference` then `verdict` is the way to compare two candidates.
"""

from app.evals.statistics.estimates import mean_interval, rate_interval, score_interval
from app.evals.statistics.items import Clusters, Scores
from app.evals.statistics.pairs import paired_difference, unpaired_rate_difference
from app.evals.statistics.power import items_for_rates, items_for_values
from app.evals.statistics.results import Difference, Estimate, Method
from app.evals.statistics.verdicts import Outcome, Verdict, holm, verdict

__all__ = [
    "Clusters",
    "Difference",
    "Estimate",
    "Method",
    "Outcome",
    "Scores",
    "Verdict",
    "holm",
    "items_for_rates",
    "items_for_values",
    "mean_interval",
    "paired_difference",
    "rate_interval",
    "score_interval",
    "unpaired_rate_difference",
    "verdict",
]
