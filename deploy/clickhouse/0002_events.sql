-- Each event once. FINAL goes across partitions: an event told in two months is one event.
CREATE VIEW IF NOT EXISTS events AS
SELECT * FROM events_told FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0;
