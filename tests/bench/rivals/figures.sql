-- One statement from the filed lines to every stored figure. Words in capitals after a dollar sign are templates
-- over the five indicators: see tests/bench/rivals/sql.py, which also says what n, d, bn, lo and the other columns are.
WITH filed AS (
    -- Not metered is NaN, which no sum loses; an item without weight makes NULL, which every sum passes over.
    SELECT revision_id, $WEIGHTED_SUMS
    FROM (SELECT revision_id, item_id,
                 CASE WHEN known_by = 'not_metered' THEN 'NaN' ELSE coalesce(quantity::float8, 0) END AS quantity
          FROM reporting_line OFFSET 0) line
    JOIN bench_weight w USING (item_id)
    GROUP BY revision_id
), owed AS (
    SELECT agency_id, extract(year FROM p.month)::int AS year, extract(month FROM p.month)::int AS month, approved_id,
           approved_id IS NULL AND latest.status = 'submitted' AS submitted
    FROM reporting_report JOIN reporting_period p ON p.id = period_id
    LEFT JOIN reporting_revision latest ON latest.id = latest_id
), months AS (
    SELECT agency_id, y.year, y.base_year, month, owed.agency_id IS NOT NULL AS expected,
           approved_id IS NOT NULL AS approved, coalesce(submitted, false) AS submitted,
           nullif(kgce, 'NaN') AS kgce, nullif(kgce_vehicle_fuel, 'NaN') AS kgce_vehicle_fuel,
           nullif($KG_CO2_TARGET, 'NaN') AS kg_co2_target,
           nullif($KG_CO2_INVENTORY, 'NaN') AS kg_co2_inventory,
           nullif(kg_co2_vehicle_fuel, 'NaN') AS kg_co2_vehicle_fuel,
           nullif(water_m3, 'NaN') AS water_m3, nullif(floor_area_m2, 'NaN') AS floor_area_m2,
           nullif(people, 'NaN') AS people
    FROM (SELECT DISTINCT agency_id FROM reporting_report) agency
    CROSS JOIN bench_year y CROSS JOIN generate_series(1, 12) month
    LEFT JOIN owed USING (agency_id, year, month)
    LEFT JOIN filed ON revision_id = approved_id
    OFFSET 0
), sides AS MATERIALIZED (
    SELECT *, $NUMERATORS,
           $DENOMINATORS
    FROM months
), filled AS MATERIALIZED (
    SELECT now.*, $OF_PREVIOUS, $FILLED
    FROM sides now
    LEFT JOIN sides before ON before.agency_id = now.agency_id AND before.month = now.month
        AND before.year = now.year - 1
    LEFT JOIN sides after ON after.agency_id = now.agency_id AND after.month = now.month
        AND after.year = now.year + 1
), paired AS MATERIALIZED (
    SELECT now.*, $OF_BASE
    FROM filled now
    LEFT JOIN filled base ON base.agency_id = now.agency_id AND base.month = now.month AND base.year = now.base_year
), reached AS (
    SELECT agency_id, year, $LAST_MONTHS
    FROM sides GROUP BY agency_id, year
), monthly AS (
    SELECT agency_id, year, array_agg(ARRAY[$QUANTITIES] ORDER BY month) AS packed
    FROM sides GROUP BY agency_id, year
), institution_sums AS MATERIALIZED (
    SELECT agency_id, year, $ALL_SUMS, $BOUND_SUMS, $TOTALS, $INSTITUTION_BITS,
           min(last_kgce_per_m2) AS rolling_month, bool_or(expected) AS is_registered,
           bool_or(kgce IS NOT NULL) AS is_counted, bool_or($IS_COMPARABLE) AS is_comparable
    FROM paired JOIN reached USING (agency_id, year) GROUP BY agency_id, year
), institutions AS (
    INSERT INTO $FIGURES (agency_id, year, base_year, rule_set_id, is_provisional, computed_at, packed,
        $QUANTITIES, approved_months, expected_months, submitted_months, compared_months, bounded_months,
        rolling_month, $MEASURE_COLUMNS)
    SELECT agency_id, year, base_year, rule_set_id, is_provisional, now(), packed,
        $QUANTITIES, approved_months, expected_months, submitted_months, compared_months, bounded_months,
        rolling_month, $MEASURES
    FROM institution_sums JOIN monthly USING (agency_id, year) JOIN bench_year USING (year)
    WHERE approved_months > 0
), leaf AS MATERIALIZED (
    SELECT parent_id, type_code, street, year, month, $LEAF_SUMS
    FROM paired JOIN agencies_agency a ON a.id = agency_id
    GROUP BY GROUPING SETS ((year, month, parent_id), (year, month, type_code), (year, month, street))
), leaf_counts AS (
    SELECT parent_id, type_code, street, year, $FLAG_COUNTS
    FROM institution_sums JOIN agencies_agency a ON a.id = agency_id
    GROUP BY GROUPING SETS ((year, parent_id), (year, type_code), (year, street))
), node AS (
    -- Every department with itself and what stands above it.
    SELECT leaf.id AS parent_id, above.key
    FROM agencies_agency leaf JOIN agencies_agency above ON starts_with(leaf.path, above.path)
    WHERE leaf.kind <> 'institution'
), group_months AS MATERIALIZED (
    SELECT 'node' AS kind, key, year, month, $ADDED
    FROM leaf JOIN node USING (parent_id) GROUP BY key, year, month
    UNION ALL
    SELECT CASE WHEN type_code IS NULL THEN 'street' ELSE 'type' END, coalesce(type_code, street), year, month,
           $LEAF_NAMES
    FROM leaf WHERE parent_id IS NULL AND coalesce(type_code, street) <> ''
), group_counts AS (
    SELECT 'node' AS kind, key, year, $ADDED_COUNTS
    FROM leaf_counts JOIN node USING (parent_id) GROUP BY key, year
    UNION ALL
    SELECT CASE WHEN type_code IS NULL THEN 'street' ELSE 'type' END, coalesce(type_code, street), year,
           $COUNT_NAMES
    FROM leaf_counts WHERE parent_id IS NULL
), all_months AS MATERIALIZED (
    SELECT now.*, $OF_PREVIOUS, $OF_BASE
    FROM group_months now JOIN bench_year y USING (year)
    LEFT JOIN group_months before ON before.kind = now.kind AND before.key = now.key AND before.month = now.month
        AND before.year = now.year - 1
    LEFT JOIN group_months base ON base.kind = now.kind AND base.key = now.key AND base.month = now.month
        AND base.year = y.base_year
), most AS (
    SELECT kind, key, year, $GREATEST_COUNTS
    FROM all_months GROUP BY kind, key, year
), group_reached AS (
    SELECT kind, key, year,
           $GROUP_LAST_MONTHS,
           $COMPARABLE_LAST_MONTHS
    FROM all_months m JOIN most USING (kind, key, year) GROUP BY kind, key, year
), group_sums AS (
    SELECT kind, key, year, array_agg(ARRAY[$QUANTITIES] ORDER BY month) AS packed,
           $ALL_SUMS, $BOUND_SUMS, $TOTALS, $MONTH_BITS, $GROUP_COUNTS, min(last_kgce_per_m2) AS rolling_month
    FROM all_months JOIN group_reached USING (kind, key, year) GROUP BY kind, key, year
), comparable_sums AS (
    SELECT kind, key, year, array_agg(ARRAY[$COMPARABLE_QUANTITIES] ORDER BY month) AS packed,
           $COMPARABLE_SUMS, $COMPARABLE_TOTALS, $MONTH_BITS, $GROUP_COUNTS,
           min(last_kgce_per_m2) AS rolling_month
    FROM all_months JOIN group_reached USING (kind, key, year) GROUP BY kind, key, year
)
INSERT INTO $GROUPS (kind, key, panel, year, base_year, rule_set_id, is_provisional, computed_at, packed,
    $QUANTITIES, institutions, institution_months, registered, months_expected, months_approved,
    months_submitted, bounded_months, rolling_month, $MEASURE_COLUMNS)
SELECT kind, key, 'all', year, base_year, rule_set_id, is_provisional, now(), packed,
    $QUANTITIES, counted, kgce_months, registered, expected, approved, submitted, bounded_months,
    rolling_month, $MEASURES
FROM group_sums JOIN group_counts USING (kind, key, year) JOIN bench_year USING (year) WHERE counted > 0
UNION ALL
SELECT kind, key, 'comparable', year, base_year, rule_set_id, is_provisional, now(), packed,
    $QUANTITIES, comparable, comparable_months, registered, expected, approved, submitted, bounded_months,
    rolling_month, $COMPARABLE_MEASURES
FROM comparable_sums JOIN group_counts USING (kind, key, year) JOIN bench_year USING (year) WHERE comparable > 0
