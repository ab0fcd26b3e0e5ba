"""The page: its three tabs, behind its door."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.types import ASGIApp

from v2m.page import compose_tab, edit_tab, measure_tab, parts
from v2m.page.desk import TURNED_AWAY, Desk
from v2m.page.gate import Gate
from v2m.page.routes import routes
from v2m.page.theme import asset, make_theme

_FOLLOW_SYSTEM = '<meta name="color-scheme" content="light dark">'


def make_blocks(desk: Desk) -> Any:
    """What is on the page, and what happens when something is pressed."""
    limits = desk.limits
    # What Gradio would keep of its own goes as fast as ours; our files never are in its folder.
    with gr.Blocks(
        title="v2m", analytics_enabled=False, delete_cache=(60, max(60, int(limits.keep_s))), fill_width=True
    ) as blocks:
        gr.HTML(parts.HEAD, apply_default_css=False)
        with gr.Tabs(elem_classes="v-tabs"):
            with gr.Tab("Compose", id="compose"):
                composed = compose_tab.build(desk)
            with gr.Tab("Edit", id="edit"):
                edit_tab.build(desk, composed)
            with gr.Tab("Measure", id="measure"):
                measure_tab.build(desk)
        blocks.unload(desk.stop)
    return blocks.queue(max_size=limits.waiting + 2 * TURNED_AWAY, default_concurrency_limit=1)


def make_app(desk: Desk, hosts: Collection[str] = ()) -> ASGIApp:
    """The page as an ASGI application.

    Args:
        desk: whose visitors and files it serves; closed by whoever made it.
        hosts: names under which it may be asked for; any if empty.
    """
    app = FastAPI(openapi_url=None, routes=routes(desk.visitors))
    gr.mount_gradio_app(
        app,
        make_blocks(desk),
        "/",
        theme=make_theme(),
        css=asset("page.css"),
        head=f"{_FOLLOW_SYSTEM}<script>{asset('page.js')}</script>",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=["/"],
        max_file_size=desk.limits.upload_bytes,
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
    )
    return Gate(app, desk.visitors, hosts)
