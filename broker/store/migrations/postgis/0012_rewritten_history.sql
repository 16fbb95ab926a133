-- Which entities have records that tell another history than what their change did: their past is not shown as it was.
create index change_rewritten on change (tenant, entity) where history is not null;

-- So that counting the subscriptions of a tenant, which every new one does, reads no documents.
create index if not exists subscription_living on subscription (tenant, about, deleted);
