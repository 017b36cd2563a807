-- Of the people who first wrote in a week, how many wrote again so many weeks later. Weeks begin on Monday.
WITH contacts AS
(
    -- Since when people write to the bot, or to any. Days that were counted beforehand tell the latter themselves.
    SELECT person, min(first) AS since
    FROM first_contacts
    WHERE {chat:Int64} = 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({bot:UInt64} != 0 OR person IN
        (
            SELECT person FROM by_person(bot = 0, chat = 0, from = {from:Int64} - 8 * 86400000, to = {to:Int64})
            WHERE wrote > 0 AND since = toDateTime(0, 'UTC')
        ))
    GROUP BY person
    UNION ALL
    SELECT person, min(wrote_first) AS since
    FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = 0, to = {to:Int64})
    WHERE {chat:Int64} != 0 AND wrote > 0
    GROUP BY person
)
SELECT
    toString(began) AS first_week,
    intDiv(dateDiff('day', began, week), 7) AS weeks_later,
    uniqExact(person) AS people,
    -- Everybody wrote in the first week.
    round(people / first_value(people) OVER (PARTITION BY began ORDER BY weeks_later), 4) AS share
FROM
(
    SELECT
        person,
        toMonday(if(known, days.since, contacts.since), {zone:String}) AS began,
        -- Of a day of UTC, the weeks of the zone that somebody wrote in.
        toMonday(wrote_first, {zone:String}) AS one,
        toMonday(wrote_last, {zone:String}) AS other,
        arrayJoin(if(one = other, [one], [one, other])) AS week
    FROM
    (
        SELECT *, {bot:UInt64} = 0 AND {chat:Int64} = 0 AND since != toDateTime(0, 'UTC') AS known
        -- The week in which the range begins is shown whole.
        FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64} - 8 * 86400000, to = {to:Int64})
        WHERE wrote > 0 AND (NOT known OR since >= fromUnixTimestamp64Milli({from:Int64} - 8 * 86400000))
    ) AS days
    LEFT JOIN contacts ON contacts.person = days.person
    WHERE began >= toMonday(fromUnixTimestamp64Milli({from:Int64}), {zone:String})
)
GROUP BY began, week
ORDER BY began, week
