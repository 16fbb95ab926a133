-- Which entities have records that tell another history than what their change did: their past is not shown as it was.
create index change_rewritten on change (tenant, entity) where history is not null;
