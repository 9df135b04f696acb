"""The operations: what each asks of the flow's process. See the model in ``wire/data/studio``."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ..control.world import World
from ..wire.dispatch import Call, Registry
from .asking import Asker
from .pool import Pool
from .runs import Runs

SERVICE = "studio"
#: Operations that the flow's process answers as they are.
ASKED = (
    "DescribeFlow",
    "ValidateFlow",
    "DescribeNode",
    "PreviewFlow",
    "TryStep",
    "ProfileColumns",
    "FitFlow",
    "RunAnalysis",
)
CATALOGUES = ("ListTransforms", "ListAnalyses")

Handler = Callable[[Call, dict[str, Any]], Coroutine[Any, Any, dict[str, Any]]]


class Flows:
    """All operations about flows, and the processes behind them."""

    def __init__(self, world: World) -> None:
        self.pool = Pool(world.config)
        self._asker = Asker(world, self.pool)
        self._runs = Runs(world, self._asker)
        self._catalogues: dict[str, dict[str, Any]] = {}

    def register(self, registry: Registry) -> None:
        """Add them."""
        for name in CATALOGUES:
            registry.add(SERVICE, name, self._catalogue(name))
        for name in ASKED:
            registry.add(SERVICE, name, self._asked(name))
        registry.add(SERVICE, "DescribeStep", self.describe_step)
        registry.add(SERVICE, "CancelFlowRequest", self.cancel)
        registry.add(SERVICE, "CloseFlow", self.close)
        self._runs.register(registry)

    def stop(self) -> None:
        """End the processes."""
        self._asker.stop()

    def _catalogue(self, name: str) -> Handler:
        """Asked once: it is the same until Studio itself changes."""

        async def answer(_call: Call, params: dict[str, Any]) -> dict[str, Any]:
            if name not in self._catalogues:
                self._catalogues[name] = await self._asker.about_nothing(name, {})
            found = self._catalogues[name]
            if params.get("KnownVersion") == found["Version"]:
                return {"Version": found["Version"], "NotModified": True}
            return found

        return answer

    def _asked(self, name: str) -> Handler:
        async def answer(call: Call, params: dict[str, Any]) -> dict[str, Any]:
            return await self._asker.ask(call, name, params)

        return answer

    async def describe_step(self, _call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeStep: about no flow, and so by any process."""
        return await self._asker.about_nothing("DescribeStep", params)

    def cancel(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CancelFlowRequest: of one's own requests."""
        return {"Canceled": self._asker.cancel(call.caller, params["RequestId"])}

    def close(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CloseFlow: end the process of one's own flow."""
        self.pool.close(call.caller.account_id, params["FlowId"])
        return {}
