"""What runs need of metrics: to know one by its document, and to have it ready while they score.

Most need nothing; some ask a model and hold it while they are open. `opening` has them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from app.base.jobs import CancelToken

if TYPE_CHECKING:
    from app.evals.metrics.metric import Metric


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """What a run keeps of a metric.

    Attributes:
        document: with all its settings, so that it stays the same when defaults change.
        label: what tables call it, in a few words.
    """

    document: Mapping[str, Any]
    label: str
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class OpenMetric:
    """A metric that is ready to score.

    Attributes:
        at_once: samples it should be given at the same time, from so many threads.
    """

    metric: Metric
    at_once: int = 1


class Metrics(Protocol):
    """All metrics there are."""

    def facts(self, document: Mapping[str, Any]) -> MetricFacts:
        """What a run keeps of the metric that a document describes.

        Raises:
            MetricError: there is no such metric, or a setting is wrong.
        """
        ...

    def is_ready(self, document: Mapping[str, Any]) -> bool:
        """Whether the metric needs nothing but an output, so that it can score as answers come.

        Args:
            document: as `facts` gave it.
        """
        ...

    def opened(
        self, document: Mapping[str, Any], cancel: CancelToken
    ) -> AbstractContextManager[OpenMetric]:
        """The metric, ready until the end of the `with` block.

        Args:
            document: as `facts` gave it.
            cancel: breaks loading a model off, and ends what the metric is doing.

        Raises:
            AppError: what it needs is not there.
            Cancelled: `cancel` was.
        """
        ...
