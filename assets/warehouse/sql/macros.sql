-- What several steps must say alike: keys (as names.py makes them) and what a scope means.

CREATE OR REPLACE TEMP MACRO slug(words) AS
    trim(regexp_replace(strip_accents(lower(words)), '[^\p{L}\p{N}]+', '-', 'g'), '-');

CREATE OR REPLACE TEMP MACRO operator_slug(words) AS
    slug(regexp_replace(words, '\s*\(market[^)]*\)', ''));

-- What stands in square brackets names a perimeter or a qualifier; the words before it name the scope.
CREATE OR REPLACE TEMP MACRO scope_words(scope) AS trim(regexp_replace(scope, '\s*\[[^\]]*\]', '', 'g'));

-- Words that mean the whole of an operator wherever they stand alone or before words in parentheses.
CREATE OR REPLACE TEMP MACRO is_whole_scope(scope) AS regexp_matches(
    lower(trim(regexp_replace(scope_words(scope), '\s*\([^)]*\)\s*$', ''))),
    '^((overall|whole|total|entire|combined|global) )?(group|portfolio|company)( continuing operations)?$'
    '|^(total|global|worldwide)$'
);

-- One name a scope: the whole of an operator is called as its data file says, everything else as printed.
CREATE OR REPLACE TEMP MACRO scope_name(scope, scope_level, group_scope) AS
    CASE WHEN scope_level = 'portfolio' AND is_whole_scope(scope) THEN coalesce(group_scope, 'group')
    ELSE scope_words(scope) END;

-- Figures printed in thousands can make the used part pass the whole by their rounding: the rate is then full, not more.
-- (least() would turn an unknown rate into a full one.)
CREATE OR REPLACE TEMP MACRO no_more_than_one(rate) AS CASE WHEN rate > 1 THEN 1 ELSE rate END;
