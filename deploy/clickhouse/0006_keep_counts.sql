-- Reports of any time zone are put together from quarters of an hour, so these stay for longer than a year.
ALTER TABLE counts
    MODIFY TTL slot + INTERVAL 10 YEAR;
