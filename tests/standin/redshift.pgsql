-- What Redshift has and PostgreSQL does not, for this project and for dbt-redshift.
-- Loaded once into each stand-in. Not named .sql: dbt would take it for a data test.
-- Sources: the Redshift Database Developer Guide's page of each function;
-- dbt-redshift 1.11.1's macros for the catalog views.
set allow_system_table_mods = on;
set client_min_messages = warning;
create schema standin;

-- The text of every refusal goes to the client as an error of the server's own, so
-- that a transaction fails as it does on Redshift.
create function standin.refuse(message text, code text) returns int
language plpgsql as $$
begin
    raise exception using message = message, errcode = code;
end $$;

-- varchar(n) is n bytes (DG r_Character_types): a cast cuts between letters, an
-- assignment refuses what is longer, blanks at the end apart.
create function standin.cut(value varchar, size int) returns varchar
language plpgsql immutable as $$
begin
    for letters in reverse least(size, length(value)) .. 0 loop
        if octet_length(left(value, letters)) <= size then
            return left(value, letters);
        end if;
    end loop;
end $$;

create function standin.fit(value varchar, size int) returns varchar
language plpgsql immutable as $$
begin
    if octet_length(rtrim(value, ' ')) <= size then
        return standin.cut(value, size);
    end if;
    raise exception using
        message = format('value too long for type character varying(%s)', size),
        errcode = '22001';
end $$;

create function standin.varchar_bytes(value varchar, typmod int, is_cast boolean)
returns varchar language sql immutable as $$
    select case
        when octet_length(value) > typmod - 4 then
            case
                when is_cast then standin.cut(value, typmod - 4)
                else standin.fit(value, typmod - 4)
            end
        else value
    end
$$;

update pg_cast set castfunc = 'standin.varchar_bytes'::regproc
where castsource = 'varchar'::regtype and casttarget = 'varchar'::regtype;

-- Blanks at the end do not count where texts are compared, joined or grouped (DG
-- r_Character_types). PostgreSQL's char(n) has the functions; text and varchar take them.
create function standin.text_eq(text, text) returns boolean
language internal immutable strict as 'bpchareq';
create function standin.text_ne(text, text) returns boolean
language internal immutable strict as 'bpcharne';
create function standin.text_lt(text, text) returns boolean
language internal immutable strict as 'bpcharlt';
create function standin.text_le(text, text) returns boolean
language internal immutable strict as 'bpcharle';
create function standin.text_gt(text, text) returns boolean
language internal immutable strict as 'bpchargt';
create function standin.text_ge(text, text) returns boolean
language internal immutable strict as 'bpcharge';
create function standin.text_cmp(text, text) returns int
language internal immutable strict as 'bpcharcmp';
create function standin.text_sort(internal) returns void
language internal immutable strict as 'bpchar_sortsupport';
create function standin.text_hash(text) returns int
language internal immutable strict as 'hashbpchar';
create function standin.text_hash_extended(text, bigint) returns bigint
language internal immutable strict as 'hashbpcharextended';

update pg_operator set oprcode = replacing.function::regproc
from (values
    ('=', 'standin.text_eq'), ('<>', 'standin.text_ne'), ('<', 'standin.text_lt'),
    ('<=', 'standin.text_le'), ('>', 'standin.text_gt'), ('>=', 'standin.text_ge')
) as replacing (operator, function)
where oprname = operator and oprleft = 'text'::regtype and oprright = 'text'::regtype;

update pg_amproc set amproc = replacing.function::regproc
from (values
    ('btree', 1, 'standin.text_cmp'), ('btree', 2, 'standin.text_sort'),
    ('hash', 1, 'standin.text_hash'), ('hash', 2, 'standin.text_hash_extended')
) as replacing (method, number, function)
where amprocnum = number
    and amproclefttype = 'text'::regtype and amprocrighttype = 'text'::regtype
    and amprocfamily = (
        select pg_opfamily.oid
        from pg_opfamily
        inner join pg_am on pg_am.oid = opfmethod
        where opfname = 'text_ops' and amname = method
    );

-- A late-binding view outlives the tables it reads. A function whose body is text
-- binds late in PostgreSQL, and is inlined.
create sequence standin.late_view;
create function standin.late_binding_view(name text, query text, replacing boolean)
returns void language plpgsql as $$
declare
    function_name text := format('standin.late_view_%s', nextval('standin.late_view'));
    result text;
    selected text;
begin
    if replacing then
        execute format('drop view if exists %s', name);
    end if;
    begin
        execute format('create view %s as %s', name, query);
    exception when undefined_table then
        perform standin.refuse(
            '[stand-in] not emulated: late-binding views of what does not exist: '
            || sqlerrm, '0A000');
    end;
    select
        string_agg(format('%I %s', attname, atttypid::regtype), ', ' order by attnum),
        string_agg(
            format('%I::%s', attname, format_type(atttypid, atttypmod)),
            ', ' order by attnum
        )
    into result, selected
    from pg_attribute
    where attrelid = name::regclass and attnum > 0;
    execute format('drop view %s', name);
    execute format(
        'create function %s() returns table (%s) language sql stable as %L',
        function_name, result, query
    );
    execute format('create view %s as select %s from %s()', name, selected, function_name);
end $$;

-- Functions -------------------------------------------------------------------------
create function standin.getdate() returns timestamp language sql stable as
$$ select date_trunc('second', statement_timestamp())::timestamp $$;

create function standin.months(part text) returns int language sql immutable as $$
    select case
        when part in ('month', 'months', 'mon', 'mons') then 1
        when part in ('quarter', 'quarters', 'qtr', 'qtrs') then 3
        when part in ('year', 'years', 'yr', 'yrs', 'y') then 12
        when part in ('decade', 'decades') then 120
    end
$$;

create function standin.microseconds(part text) returns bigint
language plpgsql immutable as $$
begin
    return case
        when part in ('microsecond', 'microseconds', 'us') then 1
        when part in ('millisecond', 'milliseconds', 'ms', 'msec') then 1000
        when part in ('second', 'seconds', 'sec', 's') then 1000000
        when part in ('minute', 'minutes', 'min', 'm') then 60000000
        when part in ('hour', 'hours', 'hr', 'h') then 3600000000
        when part in ('day', 'days', 'd') then 86400000000
        when part in ('week', 'weeks', 'w') then 604800000000
        else standin.refuse('[stand-in] not emulated: date part ' || part, '0A000')
    end;
end $$;

create function standin.dateadd(part text, n bigint, t timestamp) returns timestamp
language sql immutable as $$
    select case
        when standin.months(part) is not null
            then t + n * standin.months(part) * interval '1 month'
        else t + n * standin.microseconds(part) * interval '1 microsecond'
    end
$$;

-- Boundaries crossed, not time elapsed (DG r_DATEDIFF). The guide does not say whether
-- weeks begin on Sunday or Monday: an answer only where both agree.
create function standin.datediff(part text, a timestamp, b timestamp) returns bigint
language sql immutable as $$
    select case
        when standin.months(part) is not null then
            div(date_part('year', b)::int * 12 + date_part('month', b)::int - 1,
                standin.months(part))
            - div(date_part('year', a)::int * 12 + date_part('month', a)::int - 1,
                standin.months(part))
        when part in ('week', 'weeks', 'w') then
            (select case
                when min(n) < max(n) then standin.refuse(
                    '[stand-in] not emulated: DATEDIFF by weeks on Sundays', '0A000')
                else min(n)
            end
            from (
                select floor((extract(epoch from b) / 86400 + shift) / 7)
                    - floor((extract(epoch from a) / 86400 + shift) / 7) as n
                from (values (3), (4)) as days (shift)
            ) as weeks)
        else
            floor(extract(epoch from b) * 1000000 / standin.microseconds(part))
            - floor(extract(epoch from a) * 1000000 / standin.microseconds(part))
    end::bigint
$$;

-- An integer, not PostgreSQL's numeric (DG r_EXTRACT_function).
create function standin.extract_integer(part text, t timestamp) returns int
language sql immutable as $$ select trunc(date_part(part, t))::int $$;

create function standin.convert_timezone(source text, target text, t timestamp)
returns timestamp language sql immutable as
$$ select (t at time zone source) at time zone target $$;
create function standin.convert_timezone(target text, t timestamp)
returns timestamp language sql immutable as
$$ select (t at time zone 'UTC') at time zone target $$;
create function standin.add_months(t timestamp, n bigint) returns timestamp
language sql immutable as $$ select t + n * interval '1 month' $$;
create function standin.date_trunc(part text, d date) returns timestamp
language sql immutable as $$ select date_trunc(part, d::timestamp) $$;
create function standin.last_day(t timestamp) returns date language sql immutable as
$$ select (date_trunc('month', t) + interval '1 month - 1 day')::date $$;
create function standin.trunc(t timestamp) returns date language sql immutable as
$$ select t::date $$;
create function standin.len(value text) returns int language sql immutable as
$$ select length(value) $$;
create function standin.charindex(needle text, value text) returns int
language sql immutable as $$ select strpos(value, needle) $$;
create function standin.concat(a text, b text) returns text
language sql immutable as $$ select a || b $$;
create function standin.regexp_replace(value text, pattern text, new text)
returns text language sql immutable as
$$ select pg_catalog.regexp_replace(value, pattern, new, 'g') $$;
create function standin.sha2(value text, bits int) returns text
language sql immutable as $$
    select encode(
        case bits
            when 224 then sha224(convert_to(value, 'UTF8'))
            when 384 then sha384(convert_to(value, 'UTF8'))
            when 512 then sha512(convert_to(value, 'UTF8'))
            else sha256(convert_to(value, 'UTF8'))
        end, 'hex')
$$;
create function standin.from_hex(value text) returns bytea
language sql immutable as $$ select decode(value, 'hex') $$;
create function standin.to_hex(value bytea) returns text
language sql immutable as $$ select encode(value, 'hex') $$;
create function standin.to_varbyte(value text, form text) returns bytea
language sql immutable as $$
    select case when form = 'hex' then decode(value, 'hex')
        else convert_to(value, form) end
$$;
create function standin.from_varbyte(value bytea, form text) returns text
language sql immutable as $$
    select case when form = 'hex' then encode(value, 'hex')
        else convert_from(value, form) end
$$;
create function standin.holds_json(value text, opening text) returns boolean
language plpgsql immutable as $$
begin
    perform value::json;
    return left(ltrim(value), 1) = opening;
exception when invalid_text_representation then
    return false;
end
$$;
create function standin.is_valid_json(value text) returns boolean
language sql immutable as $$ select standin.holds_json(value, '{') $$;
create function standin.is_valid_json_array(value text) returns boolean
language sql immutable as $$ select standin.holds_json(value, '[') $$;
create function standin.strtol(value text, base int) returns bigint
language plpgsql immutable as $$
declare
    result bigint := 0;
    digit int;
begin
    foreach digit in array (
        select array_agg(strpos('0123456789abcdefghijklmnopqrstuvwxyz', letter) - 1)
        from regexp_split_to_table(lower(value), '') as letter
    ) loop
        if digit < 0 or digit >= base then
            raise exception 'The input % is not valid to be converted to base %',
                value, base;
        end if;
        result := result * base + digit;
    end loop;
    return result;
end $$;
create function standin.json_extract_path_text(value text, variadic path text[])
returns text language sql immutable as
$$ select coalesce(value::json #>> path, '') $$;

-- SUPER holds what JSON_PARSE reads; JSON_SERIALIZE writes it without blanks.
create domain standin.super as jsonb;
create function standin.json_parse(value text) returns standin.super
language sql immutable strict as $$ select value::jsonb $$;
create function standin.json_serialize(value jsonb) returns text
language plpgsql immutable strict as $$
begin
    return case jsonb_typeof(value)
        when 'object' then (
            select '{' || coalesce(string_agg(
                to_json(key)::text || ':' || standin.json_serialize(of_key), ','
            ), '') || '}'
            from jsonb_each(value) as pairs (key, of_key)
        )
        when 'array' then (
            select '[' || coalesce(string_agg(
                standin.json_serialize(element), ',' order by place
            ), '') || ']'
            from jsonb_array_elements(value) with ordinality as list (element, place)
        )
        else value::text
    end;
end $$;

-- .. IGNORE NULLS: the first or the last value of the frame that is not null.
create function standin.keep_first(anyelement, anyelement) returns anyelement
language sql immutable strict as $$ select $1 $$;
create function standin.keep_last(anyelement, anyelement) returns anyelement
language sql immutable strict as $$ select $2 $$;
create aggregate standin.first_known(anyelement) (
    sfunc = standin.keep_first, stype = anyelement
);
create aggregate standin.last_known(anyelement) (
    sfunc = standin.keep_last, stype = anyelement
);

-- Whole numbers stay whole: AVG truncates, SUM overflows (DG r_AVG, r_SUM).
create function standin.avg_end(state numeric[]) returns bigint
language sql immutable as $$ select trunc(state[1] / nullif(state[2], 0))::bigint $$;
do $do$
declare
    whole text;
begin
    foreach whole in array array['smallint', 'integer', 'bigint'] loop
        execute format(
            'create function standin.avg_add(state numeric[], value %s)
            returns numeric[] language sql immutable strict as
            $$ select array[state[1] + value, state[2] + 1] $$', whole);
        execute format(
            'create aggregate standin.avg(%s) (sfunc = standin.avg_add,
            stype = numeric[], finalfunc = standin.avg_end, initcond = ''{0,0}'')',
            whole);
    end loop;
end $do$;
create aggregate standin.sum(bigint) (sfunc = int8pl, stype = bigint);

-- Catalog ---------------------------------------------------------------------------
create table standin.table_keys (
    relation oid,
    dist_style varchar,
    dist_key varchar,
    sort_style varchar,
    sort_keys varchar[]
);

create function pg_catalog.pg_get_late_binding_view_cols() returns setof record
language sql stable as $$
    select null::name, null::name, null::name, null::varchar, null::int where false
$$;

create view pg_catalog.svv_external_columns as
select
    null::varchar as schemaname, null::varchar as tablename,
    null::varchar as columnname, null::varchar as external_type, null::int as columnnum
where false;

create view pg_catalog.svv_mv_info as
select null::varchar as schema_name, null::varchar as name where false;

create view pg_catalog.sys_query_detail as
select null::int as table_id, null::timestamp as start_time, null::varchar as step_name
where false;

create view pg_catalog.svv_relation_privileges as
select
    table_schema::varchar as namespace_name, table_name::varchar as relation_name,
    lower(privilege_type)::varchar as privilege_type,
    grantee::varchar as identity_name, 'user'::varchar as identity_type
from information_schema.table_privileges;

create view pg_catalog.svv_redshift_columns as
select
    table_catalog::varchar as database_name, table_schema::varchar as schema_name,
    table_name::varchar as table_name, column_name::varchar as column_name,
    ordinal_position::int as ordinal_position, data_type::varchar as data_type,
    ''::varchar as remarks
from information_schema.columns;

create view pg_catalog.svv_table_info as
select
    current_database()::varchar as database,
    nspname::varchar as "schema",
    relname::varchar as "table",
    pg_class.oid as table_id,
    'N'::varchar as encoded,
    case
        when dist_style = 'key' then 'KEY(' || dist_key || ')'
        when dist_style = 'auto' then 'AUTO(ALL)'
        else upper(dist_style)
    end::varchar as diststyle,
    case
        when sort_style = 'interleaved' then 'INTERLEAVED(' || sort_keys[1] || ')'
        when sort_style = 'auto' then 'AUTO(SORTKEY)'
        else sort_keys[1]
    end::varchar as sortkey1,
    0 as max_varchar, ''::varchar as sortkey1_enc,
    coalesce(cardinality(sort_keys), 0) as sortkey_num,
    ceil(pg_total_relation_size(pg_class.oid) / 1048576.0)::bigint as size,
    0.0 as pct_used, 0.0 as unsorted, 0.0 as stats_off,
    greatest(reltuples, 0)::numeric(38, 0) as tbl_rows,
    null::numeric as skew_sortkey1, null::numeric as skew_rows
from pg_class
inner join pg_namespace on pg_namespace.oid = relnamespace
left join standin.table_keys on relation = pg_class.oid
where relkind = 'r' and nspname not like 'pg|_%' escape '|'
    and nspname not in ('information_schema', 'standin');

-- COPY's own records live in files, since they outlive a transaction that fails and
-- are seen in the transaction that made them.
create function standin.records(name text) returns setof json
language sql volatile as $$
    select line::json
    from regexp_split_to_table(
        pg_read_file(current_setting('standin.loads') || '/' || name, true), '\n'
    ) as line
    where line <> ''
$$;

create type standin.load_history as (
    user_id int, query_id bigint, status varchar, session_id int, transaction_id bigint,
    database_name varchar, table_name varchar, data_source varchar,
    file_format varchar, loaded_rows bigint, loaded_bytes bigint,
    source_file_count int, error_count bigint,
    start_time timestamp, end_time timestamp
);
create view pg_catalog.sys_load_history as
select loads.* from standin.records('history') as r (line),
    json_populate_record(null::standin.load_history, line) as loads;

create type standin.load_detail as (
    user_id int, query_id bigint, file_name char(256), bytes_scanned bigint,
    lines_scanned bigint, record_time timestamp, splits_scanned int,
    start_time timestamp, end_time timestamp, file_etag char(256)
);
create view pg_catalog.sys_load_detail as
select files.* from standin.records('detail') as r (line),
    json_populate_record(null::standin.load_detail, line) as files;

create type standin.load_error as (
    user_id int, query_id bigint, transaction_id bigint, session_id int,
    database_name varchar, table_id int, start_time timestamp, file_name varchar,
    line_number bigint, column_name varchar, column_type varchar,
    column_length varchar, position int, error_code int, error_message varchar,
    raw_line varchar, raw_field_value varchar
);
create view pg_catalog.sys_load_error_detail as
select
    user_id, query_id, transaction_id, session_id, database_name, table_id, start_time,
    file_name, line_number, column_name, column_type, column_length, position,
    error_code, error_message
from standin.records('errors') as r (line),
    json_populate_record(null::standin.load_error, line);

create view pg_catalog.stl_load_errors as
select
    user_id as userid, 0 as slice, table_id as tbl, start_time as starttime,
    session_id as session, query_id as query, file_name as filename, line_number,
    column_name as colname, column_type as type, column_length as col_length, position,
    raw_line, raw_field_value, error_code as err_code, error_message as err_reason
from standin.records('errors') as r (line),
    json_populate_record(null::standin.load_error, line);

-- The session's own count does not go by the views.
create view standin.copies as
select loads.* from standin.records('copies') as r (line),
    json_populate_record(null::standin.load_history, line) as loads;
create function standin.pg_last_copy_id() returns bigint language sql volatile as $$
    select coalesce(max(query_id), -1) from standin.copies
    where session_id = pg_backend_pid()
$$;
create function standin.pg_last_copy_count() returns bigint language sql volatile as $$
    select coalesce((array_agg(loaded_rows order by query_id desc))[1], 0)
    from standin.copies
    where session_id = pg_backend_pid() and status = 'completed'
$$;

-- Rights ----------------------------------------------------------------------------
-- What the proxy and Redshift's own views do for any user.
grant usage, create on schema standin to public;
grant usage on sequence standin.late_view to public;
grant select on all tables in schema standin to public;
grant insert on standin.table_keys to public;
alter function standin.records(text) security definer;
do $do$
declare
    name text;
begin
    for name in
        select viewname from pg_views
        where schemaname = 'pg_catalog' and viewname ~ '^(svv|sys|stl)_'
    loop
        execute format('grant select on pg_catalog.%I to public', name);
    end loop;
end $do$;
