"""How the page looks: one palette for light and dark, which the style sheet says and Gradio's parts use."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

# Gradio's variable → a colour of `page.css`, which has each for light and for dark.
_COLOURS = {
    "paper": "body_background_fill background_fill_primary",
    "card": "block_background_fill panel_background_fill input_background_fill input_background_fill_focus "
    "input_background_fill_hover checkbox_label_background_fill checkbox_background_color "
    "button_secondary_background_fill accordion_background_fill",
    "well": "background_fill_secondary checkbox_label_background_fill_hover code_background_fill "
    "button_secondary_background_fill_hover stat_background_fill table_odd_background_fill",
    "ink": "body_text_color block_title_text_color accordion_text_color checkbox_label_text_color "
    "button_secondary_text_color button_secondary_text_color_hover button_primary_background_fill "
    "button_primary_border_color table_text_color",
    "soft": "body_text_color_subdued block_info_text_color block_label_text_color input_placeholder_color",
    "hair": "border_color_primary block_border_color panel_border_color input_border_color "
    "input_border_color_hover checkbox_border_color checkbox_label_border_color table_border_color "
    "button_secondary_border_color",
    "faint": "button_secondary_border_color_hover checkbox_border_color_hover "
    "checkbox_label_border_color_hover",
    "music": "color_accent slider_color loader_color checkbox_background_color_selected border_color_accent "
    "checkbox_border_color_selected checkbox_border_color_focus input_border_color_focus link_text_color "
    "link_text_color_hover link_text_color_active link_text_color_visited "
    "button_primary_background_fill_hover button_primary_border_color_hover",
    "tint": "color_accent_soft border_color_accent_subdued checkbox_label_background_fill_selected "
    "table_row_focus",
    "paper-on-ink": "button_primary_text_color button_primary_text_color_hover",
    "missed": "error_text_color error_icon_color error_border_color button_cancel_text_color",
}
_PLAIN = {
    "block_shadow": "none",
    "block_border_width": "0px",
    "block_padding": "0px",
    "block_radius": "8px",
    "block_title_text_size": "0.82rem",
    "block_title_text_weight": "600",
    "block_title_padding": "0",
    "block_title_radius": "0",
    "block_title_background_fill": "transparent",
    "block_info_text_size": "0.78rem",
    "button_primary_shadow": "none",
    "button_primary_shadow_hover": "none",
    "button_primary_shadow_active": "none",
    "button_large_radius": "8px",
    "button_medium_radius": "8px",
    "button_small_radius": "6px",
    "button_large_text_weight": "600",
    "button_transition": "background-color 0.15s, border-color 0.15s",
    "checkbox_label_shadow": "none",
    "checkbox_shadow": "none",
    "container_radius": "8px",
    "form_gap_width": "0px",
    "input_border_width": "1px",
    "input_padding": "0.5rem 0.7rem",
    "input_radius": "8px",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_text_size": "0.92rem",
    "layout_gap": "0.9rem",
    "panel_border_width": "0px",
    "prose_text_size": "0.95rem",
    "shadow_drop": "none",
    "shadow_drop_lg": "none",
}


def make_theme() -> Any:
    """The theme, with fonts that the reader's system has: nothing is fetched."""
    import gradio as gr

    theme = gr.themes.Base(
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
    known = vars(theme)
    values = dict(_PLAIN)
    for colour, names in _COLOURS.items():
        for name in names.split():
            values[name] = f"var(--v-{colour})"
    for name, value in list(values.items()):
        if f"{name}_dark" in known:
            values[f"{name}_dark"] = value
    return theme.set(**{name: value for name, value in values.items() if name in known})


@lru_cache(maxsize=4)
def asset(name: str) -> str:
    """A text file beside this module: the style sheet or the script."""
    return files("v2m.page").joinpath(name).read_text(encoding="utf-8")
