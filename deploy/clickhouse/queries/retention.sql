-- Of the people who first wrote in a week, how many wrote again so many weeks later. Weeks begin on Monday.
SELECT
    toString(began) AS first_week,
    intDiv(dateDiff('day', began, week), 7) AS weeks_later,
    uniqExact(who) AS people,
    -- Everybody wrote in the first week.
    round(people / first_value(people) OVER (PARTITION BY began ORDER BY weeks_later), 4) AS share
FROM
(
    SELECT who, week, min(week) OVER (PARTITION BY who) AS began
    FROM
    (
        SELECT DISTINCT assumeNotNull(person) AS who, toMonday(time, {zone:String}) AS week
        FROM events
        WHERE kind = 'message_received' AND NOT own_bot AND person IS NOT NULL
            AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND time < fromUnixTimestamp64Milli({to:Int64})
    )
)
WHERE began >= toMonday(fromUnixTimestamp64Milli({from:Int64}), {zone:String})
GROUP BY began, weeks_later
ORDER BY began, weeks_later
