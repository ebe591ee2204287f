"""YAML as people write it by hand: no aliases, whose copies of copies can fill any memory from a few lines."""

from __future__ import annotations

from typing import Any

import yaml


class PlainLoader(yaml.SafeLoader):
    """A safe loader that refuses aliases (`*name`) with a MarkedYAMLError, as it does any other wrong line."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node; raises ComposerError where it is an alias."""
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()
            raise yaml.composer.ComposerError(
                None, None, f"found the alias *{event.anchor}; expected the values themselves", event.start_mark
            )
        return super().compose_node(parent, index)
