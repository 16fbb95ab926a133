-- What a version notes together is a batch. `dataset_version.settled` is the last batch that is known to be written; a
-- change of a later one, where `pending` is not 0, may or may not have been made. So a batch is settled by one row, and
-- `pending` stays as it was noted.
alter table dataset_change add column batch integer not null default 0;
alter table dataset_version add column settled integer not null default 0;

-- Versions that are being made now.
update dataset_change set batch = 1 where pending <> 0;

-- They are asked for only where a process has died over a version.
drop index dataset_change_pending;
