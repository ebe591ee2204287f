"""The registry of member models: one name each, one contract for all (forecasts.members.base)."""

from __future__ import annotations

from forecasts.members.arima import ARIMA
from forecasts.members.base import Answer, Member
from forecasts.members.ces import CES_WEIGHTED
from forecasts.members.ets import ETS_AVERAGE
from forecasts.members.naive import NAIVE, SEASONAL_NAIVE
from forecasts.members.pooled import POOLED_LAGS, POOLED_TREND
from forecasts.members.prophet import ProphetMember
from forecasts.members.theta import THETA

__all__ = ["MEMBERS", "Answer", "Member"]

# The references first: where two have the same error the earlier, simpler one is chosen.
MEMBERS: dict[str, Member] = {
    member.name: member
    for member in (
        NAIVE, SEASONAL_NAIVE, THETA, ETS_AVERAGE, CES_WEIGHTED, ARIMA, ProphetMember(), POOLED_TREND, POOLED_LAGS,
    )
}  # fmt: skip
