-- A group of writes, each with its index rows and its change record, in one statement and one commit.
-- Returns a row (0, version of the index definitions, 0) and for each write that was done a row (its number, the new
-- version, the entity's place in the order of creation).
-- A write that found another version than expected leaves no trace.
with
known as (select version from index_version),
input as (
    select i.*, nextval('version') as version
    from unnest($2::int[], $3::text[], $4::bigint[], $5::int[], $6::int[], $7::bigint[], $8::text[], $9::bool[],
                $10::bigint[], $11::text[], $12::text[], $24::text[], $25::bigint[], $26::bigint[], $27::smallint[])
         with ordinality as i (tenant, id, expected, types, shape, expires_at, payload, reindex, at, operation, change,
                               history, time_from, time_to, marks, ord)
    where exists (select 1 from known where known.version = $1)
),
created as (
    insert into entity (tenant, id, version, types, shape, expires_at, payload)
    select tenant, id, version, types, shape, expires_at, payload from input
    where expected = 0 and payload is not null
    on conflict do nothing
    returning tenant, id, seq, version
),
updated as (
    update entity e
    set version = i.version, types = i.types, shape = i.shape, expires_at = i.expires_at, payload = i.payload
    from input i
    where i.expected <> 0 and i.payload is not null
      and e.tenant = i.tenant and e.id = i.id and e.version = i.expected
    returning e.tenant, e.id, e.seq, e.version
),
deleted as (
    delete from entity e using input i
    where i.expected <> 0 and i.payload is null
      and e.tenant = i.tenant and e.id = i.id and e.version = i.expected
    returning e.tenant, e.id, e.seq, i.version
),
-- The past of an entity that is gone: a record alone.
absent as (
    select i.tenant, i.id, 0::bigint as seq, i.version from input i
    where i.expected = 0 and i.payload is null
      and not exists (select 1 from entity e where e.tenant = i.tenant and e.id = i.id)
),
done as (
    select i.ord, i.tenant, i.id, d.seq, i.version, i.reindex, i.expected
    from (select * from created union all select * from updated union all select * from deleted
          union all select * from absent) d
    join input i on i.tenant = d.tenant and i.id = d.id
),
old_scope as (
    delete from scope x using done d where d.reindex and d.expected <> 0 and x.tenant = d.tenant and x.entity = d.id
),
old_place as (
    delete from place x using done d where d.reindex and d.expected <> 0 and x.tenant = d.tenant and x.entity = d.id
),
old_value as (
    delete from value_row x using done d where d.reindex and d.expected <> 0 and x.tenant = d.tenant and x.entity = d.id
),
new_scope as (
    insert into scope (tenant, path, entity, seq)
    select d.tenant, s.path, d.id, d.seq
    from unnest($13::bigint[], $14::text[]) as s (ord, path) join done d on d.ord = s.ord
),
new_place as (
    insert into place (tenant, attribute, entity, seq, geom)
    select d.tenant, g.attribute, d.id, d.seq, g.geom
    from unnest($15::bigint[], $16::int[], $17::geometry[]) as g (ord, attribute, geom) join done d on d.ord = g.ord
),
new_value as (
    insert into value_row (tenant, index_id, kind, number, text, entity, seq)
    select d.tenant, v.index_id, v.kind, v.number, v.text, d.id, d.seq
    from unnest($18::bigint[], $19::int[], $20::smallint[], $21::float8[], $22::text[])
         as v (ord, index_id, kind, number, text) join done d on d.ord = v.ord
),
logged as (
    insert into change (tenant, entity, at, version, transaction, operation, change, history, time_from, time_to, marks)
    select i.tenant, i.id, timestamptz 'epoch' + i.at * interval '1 microsecond', i.version,
           pg_current_xact_id()::text::bigint + $23, i.operation, i.change, i.history, i.time_from,
           i.time_to, i.marks
    from done d join input i on i.ord = d.ord
)
select 0::bigint as ord, version, 0::bigint as seq from known
union all
select ord, version, seq from done
