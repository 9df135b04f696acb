"""Ways into Studio's panels, as tests take them."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def card(page: Page, label: str) -> Locator:
    """A card of the launcher."""
    return page.locator(".jp-LauncherCard", has_text=label)


def run_command(page: Page, command: str, **arguments: str) -> None:
    """Run one of Lab's commands."""
    # What a command returns may be a widget, which cannot come back from the page.
    page.evaluate(
        "([command, args]) => window.jupyterapp.commands.execute(command, args).then(() => 1)",
        [command, arguments],
    )


def confirm(page: Page, label: str) -> None:
    """Press a button of the open dialog."""
    page.locator(".jp-Dialog").get_by_role("button", name=label).click()
