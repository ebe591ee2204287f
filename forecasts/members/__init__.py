"""The registry of member models: one name each, one contract for all (forecasts.members.base)."""

from __future__ import annotations

from forecasts.members.base import Answer, Member
from forecasts.members.naive import Naive, SeasonalNaive
from forecasts.members.prophet import ProphetMember

__all__ = ["MEMBERS", "Answer", "Member"]

# In order of simplicity: where two have the same error the earlier one is chosen.
MEMBERS: dict[str, Member] = {member.name: member for member in (Naive(), SeasonalNaive(), ProphetMember())}
