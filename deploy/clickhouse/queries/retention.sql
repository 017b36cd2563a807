-- Of the people who first wrote in a week, how many wrote again so many weeks later. Weeks begin on Monday.
WITH
    -- A Monday of UTC before the one of the zone with which the range begins.
    if({from:Int64} < 14 * 86400000, toDate(0), toMonday(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) - 7) AS monday,
    newcomers AS
    (
        SELECT person FROM first_contacts
        WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND first >= toDateTime(monday, 'UTC')
    )
SELECT
    toString(began) AS first_week,
    intDiv(dateDiff('day', began, week), 7) AS weeks_later,
    count() AS people,
    -- Everybody wrote in the first week.
    round(people / first_value(people) OVER (PARTITION BY began ORDER BY weeks_later), 4) AS share
FROM
(
    SELECT
        -- Of a week of UTC, the weeks of the zone that it lies in.
        arrayJoin(arrayDistinct(arrayFlatten(groupArray([toMonday(first, {zone:String}), toMonday(last, {zone:String})])))) AS week,
        toMonday(min(first), {zone:String}) AS began
    FROM
    (
        SELECT person, first, last FROM writers_by_week
        WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND week < toMonday(fromUnixTimestamp64Milli({to:Int64}, 'UTC'))
            -- Who first wrote to a chat, and when, is found in its weeks alone.
            AND ({chat:Int64} != 0 OR week >= monday)
        UNION ALL
        -- The week that the range ends in.
        SELECT person, toDateTime(time) AS first, first AS last FROM counted
        WHERE wrote AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND time >= toMonday(fromUnixTimestamp64Milli({to:Int64}, 'UTC')) AND time < fromUnixTimestamp64Milli({to:Int64})
    )
    WHERE {chat:Int64} != 0 OR {from:Int64} = 0 OR person IN
        (
            SELECT person FROM newcomers
            WHERE person NOT IN
            (
                SELECT person FROM first_contacts
                WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND first < toDateTime(monday, 'UTC') AND person IN newcomers
            )
        )
    GROUP BY person
    HAVING began >= toMonday(fromUnixTimestamp64Milli({from:Int64}), {zone:String})
)
GROUP BY began, weeks_later
ORDER BY began, weeks_later
