"""The catalogue as the job board sees it: without the weights that were put aside. Changes none."""

from __future__ import annotations

from collections.abc import Callable

from studio.models.catalogue import WeightsCatalogue
from studio.models.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError


class EnabledWeights:
    """Weights that jobs may ask for.

    Args:
        shunned: Ids that the user keeps out of the runtime for this session; may change.
        elsewhere: Returns weights that are not here but on another machine of the user's.
    """

    def __init__(
        self,
        catalogue: WeightsCatalogue,
        shunned: set[str],
        elsewhere: Callable[[str], Weights | None] = lambda id: None,
    ) -> None:
        self._catalogue = catalogue
        self._shunned = shunned
        self._elsewhere = elsewhere

    def get(self, weights_id: str) -> Weights:
        """Return one row.

        Raises:
            StudioError: There is none, it cannot be used, or it was put aside.
        """
        if (there := self._elsewhere(weights_id)) is not None:
            return there
        row = self._catalogue.get(weights_id)
        if row.problem:
            raise StudioError(ErrorCode.BAD_WEIGHTS, row.problem)
        if row.id in self._shunned:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                f"{row.title} is disabled for this session because the runtime crashed while "
                "using it.",
                "Choose another model, or restart Offline Studio to try it again.",
            )
        return row

    def default_for(self, capability: str, prefer: str = "") -> Weights:
        """Return the best usable weights for ``capability``, as ``WeightsCatalogue.list`` says.

        Raises:
            StudioError: There are none.
        """
        for row in self._catalogue.list(capability, prefer):
            if row.id not in self._shunned and not row.problem:
                return row
        return self.get(self._catalogue.default_for(capability, prefer).id)
