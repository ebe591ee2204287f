"""Recognises the plain figure template by its header row, in any column order, language and width.

Belongs here: the names a template's columns go by, in English and Chinese, and the long and wide forms. Not here:
what the rows say (template.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from assets.reports.document import Cell, Table
from assets.reports.extraction.table_values import fold

# Role -> the names a column goes by, folded: lower case, blanks for underscores and hyphens.
_SYNONYMS = {
    "operator": "operator|operator name|company|company name|issuer|landlord|provider|owner|publisher|reporting entity|entity|"
    "公司|公司名称|公司名稱|运营商|營運商|运营公司|營運公司|企业|企業|企业名称|企業名稱|主体|主體|发行人|發行人|运营方|營運方",
    "facility": "facility|facility name|property|property name|site|site name|data centre|data center|datacentre|datacenter|asset|"
    "building|campus|设施|設施|设施名称|設施名稱|数据中心|數據中心|机房|機房|园区|園區|物业|物業|站点|站點",
    "scope": "scope|segment|business|business line|business segment|perimeter name|业务|業務|业务类型|業務類型|范围|範圍|口径|口徑|板块|板塊|分部|业务板块",
    "scope_level": "scope level|level|层级|層級|级别|級別",
    "market": "market|city|metro|location|市场|市場|城市|地点|地點|所在地",
    "period_end": "period end|period ending|period|period end date|date|as of|as at|as of date|quarter end|quarter ended|quarter|"
    "reporting date|reporting period|balance date|截止日期|截至日期|截止日|截至日|期末|期末日|期末日期|日期|报告期|報告期|报告日|季度|期间|期間|季末",
    "metric": "metric|metrics|measure|indicator|kpi|item|figure name|series|指标|指標|指标名称|指標名稱|项目|項目|度量|数据项|數據項",
    "value": "value|figure|amount|reading|number|reported value|数值|數值|数字|數字|值|数据|數據|数量|數量|指标值|指標值",
    "unit": "unit|units|uom|unit of measure|单位|單位|计量单位|計量單位",
    "basis": "basis|status|reporting basis|依据|依據|数据性质|性质",
    "perimeter": "perimeter|consolidation perimeter|合并范围|合併範圍",
    "source": "source url|source|url|link|reference|来源|來源|资料来源|資料來源|数据来源|链接|連結",
    "tier": "tier|source tier|来源等级|來源等級",
    "reported_on": "reported on|published on|publication date|release date|published|reported|发布日期|發佈日期|公布日期|公佈日期|披露日期",
    "reported_term": "reported term|term|label|printed term|原文用语|原文|原词",
    "value_low": "value low|low|lower|lower bound|min|下限",
    "value_high": "value high|high|upper|upper bound|max|上限",
    "ignored": "note|notes|comment|comments|remark|remarks|id|row|no|#|备注|備註|说明|說明|序号|序號|currency",
}
_ROLES = {name: role for role, names in _SYNONYMS.items() for name in names.split("|")}


@dataclass(frozen=True)
class Template:
    """Where a template keeps what. `columns` maps a role to a 0-based column; `metrics` are wide metric columns.

    `header_row` is 0-based. A long template has `metric` and `value`, a wide one a column for each metric.
    """

    header_row: int
    columns: dict[str, int]
    metrics: dict[int, str]

    @property
    def wide(self) -> bool:
        """True where each metric has a column of its own."""
        return bool(self.metrics)


def column_name(text: str) -> str:
    """A header for comparison: folded, lower case, underscores and hyphens as blanks."""
    return re.sub(r"[\s_\-]+", " ", fold(text).casefold()).strip(" :*")


def find_template(grid: list[list[Cell | None]], is_metric: Callable[[str], bool]) -> Template | None:
    """The template a table's grid follows, None where its header row is not one of a template.

    Long: a period, a metric and a value column. Wide: an operator and a period column, and metric columns by name.
    `is_metric` tells whether a header names a metric.
    """
    for index, row in enumerate(grid[:10]):
        names = [column_name(cell.text) if cell is not None else "" for cell in row]
        columns: dict[str, int] = {}
        for column, name in enumerate(names):
            role = _ROLES.get(name) or _ROLES.get(re.sub(r"\s*\(.*?\)", "", name))
            if role and role not in columns:
                columns[role] = column
        if {"period_end", "metric", "value"} <= set(columns):
            return Template(index, columns, {})
        if {"operator", "period_end"} <= set(columns):
            taken = set(columns.values())
            metrics = {
                column: fold(row_cell.text)
                for column, (name, row_cell) in enumerate(zip(names, row, strict=True))
                if row_cell is not None and column not in taken and name and is_metric(fold(row_cell.text))
            }
            if metrics:
                return Template(index, columns, metrics)
    return None


def is_template_table(table: Table, is_metric: Callable[[str], bool]) -> bool:
    """True where a table is a plain template, which template.py reads and tables.py leaves alone."""
    return find_template(table.grid(), is_metric) is not None
