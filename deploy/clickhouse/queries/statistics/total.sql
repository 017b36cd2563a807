-- Counts of all that was asked for, together.
SELECT
    toUInt64(0) AS owner,
    toInt64(0) AS place,
    '' AS place_kind,
    sumIf(times, kind = 'message_received') AS received,
    sumIf(times, kind = 'message_sent') AS sent,
    sumIf(times, kind = 'delivery_failed') AS failed,
    uniqExactMerge(who) AS people,
    sumIf(times, kind = 'scenario_started') AS scenarios_started,
    sumIf(times, kind = 'scenario_ended') AS scenarios_ended,
    sumIf(times, (kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    groupArrayIf((toString(what), times), kind = 'replied') AS replies,
    groupArrayIf((toString(what), times), kind = 'silent') AS silences
FROM
(
    SELECT kind, what, count() AS times,
        uniqExactStateIf(person, kind = 'message_received' AND person != 0 AND what != 'own_bot') AS who
    FROM counted
    WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND kind IN ('message_received', 'message_sent', 'delivery_failed', 'scenario_started', 'scenario_ended', 'goal_reached', 'replied', 'silent')
        AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    GROUP BY kind, what
)
