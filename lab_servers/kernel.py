"""The one place for nest-asyncio: lets a pasted script that ends in ``asyncio.run(main())`` run in a cell.

Nothing of ours needs it, so nothing happens at import. A cell already runs inside the kernel's
event loop, and ``asyncio.run`` refuses to run inside a running loop unless asyncio is patched.
"""

from __future__ import annotations

import asyncio
import importlib.metadata


def allow_asyncio_run() -> str:
    """Make ``asyncio.run`` work in the cells of this kernel, and say in one sentence what was done.

    nest-asyncio 1.6.0 on ipykernel 7 leaves queued cells of a *Run All* unanswered ("cannot enter
    context"); its successor nest-asyncio2 does not, and on ipykernel 6 the original is fine. So
    the one is applied that the running kernel can bear.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return "Nothing to do: no event loop runs here, so asyncio.run() works as it is."
    kernel = importlib.metadata.version("ipykernel")
    if int(kernel.split(".", 1)[0]) < 7:
        import nest_asyncio

        nest_asyncio.apply()
        return f"asyncio.run() now works in cells (nest-asyncio, for ipykernel {kernel})."
    if hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2"):
        return (
            f"The original nest-asyncio was applied in this kernel before, and ipykernel {kernel} loses cells with it: "
            "restart the kernel and call allow_asyncio_run() instead."
        )
    import nest_asyncio2

    nest_asyncio2.apply()
    return f"asyncio.run() now works in cells (nest-asyncio2, for ipykernel {kernel})."
