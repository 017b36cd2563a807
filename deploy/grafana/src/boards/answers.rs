use super::{BOTS, DECIDED, MISSED, SHOWN, bots, by, events, over_time, over_time_by, share, total};
use crate::model::{Board, Panel, Row};

/// What answers, what does not, and why bots stay silent.
pub(super) fn board() -> Board {
    let missed = share(&events(MISSED), &events(DECIDED));
    let hits = |source: &str, name: &str| {
        format!(
            "SELECT {name} AS answer, count() AS hits FROM counted \
             WHERE kind = 'replied' AND what = '{source}' AND {BOTS} AND {SHOWN} GROUP BY answer ORDER BY hits DESC LIMIT 30"
        )
    };
    let variations = format!(
        "SELECT name AS library, entry, variation, count() AS hits, uniqExact(person) AS people \
         FROM counted WHERE kind = 'replied' AND what IN ('entry', 'fallback') AND {BOTS} AND {SHOWN} \
         GROUP BY library, entry, variation ORDER BY hits DESC LIMIT 200"
    );
    let reasons = by(
        "what",
        &format!("{} AS messages", events("1")),
        &format!("kind = 'silent' AND {BOTS}"),
        "messages DESC",
    );
    let where_missed = by(
        "bot, chat_kind",
        &format!("{} AS missed, {} AS messages, {missed} AS share", events(MISSED), events(DECIDED)),
        BOTS,
        "missed DESC",
    );
    // Events of other bots need not be looked through.
    let tries =
        "bot IN (SELECT DISTINCT bot FROM counted WHERE kind = 'shadow_decided' AND $__timeFilter(time))";
    let decided = |columns: &str, kinds: &str, name: &str| {
        format!(
            "SELECT bot, update, {columns}if(source = '', concat('silent: ', toString(reason)), arrayStringConcat(arrayFilter(\
             word -> word != '', [toString(source), toString(source_name), toString(source_entry)]), ' / ')) AS {name} \
             FROM events WHERE kind IN ({kinds}) AND {BOTS} AND {tries} AND $__timeFilter(time)"
        )
    };
    let shadow = format!(
        "SELECT content, version, answered, instead, count() AS messages FROM ({}) AS shadow INNER JOIN ({}) AS decided \
         USING (bot, update) WHERE answered != instead GROUP BY content, version, answered, instead \
         ORDER BY messages DESC LIMIT 200",
        decided("act_on AS content, ifNull(act_version, 0) AS version, ", "'shadow_decided'", "instead"),
        decided("", "'replied', 'silent'", "answered"),
    );
    Board {
        uid: "troupe-answers",
        title: "Rules and answers",
        description: "Which rules and entries answer, what nothing answers, and why bots stay silent.",
        from: "now-7d",
        variables: vec![bots()],
        rows: vec![
            Row {
                title: "In the range",
                panels: vec![
                    Panel::stat("Answered", "Messages that were answered.")
                        .sql(total(&events("kind = 'replied'"), BOTS)),
                    Panel::stat("Not answered", "Messages that were not answered, for whatever reason.")
                        .sql(total(&events("kind = 'silent'"), BOTS)),
                    Panel::stat(
                        "Unanswerable",
                        "Messages for which nothing was found, fallbacks among them.",
                    )
                    .sql(total(&events(MISSED), BOTS)),
                    Panel::stat("Unanswerable, of all", "Their share of all messages.")
                        .sql(total(&missed, BOTS))
                        .unit("percentunit")
                        .limits(0.3, 0.6),
                    Panel::stat("Fail messages", "How often a rule's onFailMsg was shown.")
                        .sql(total(&events("kind = 'replied' AND what = 'fail_message'"), BOTS)),
                    Panel::stat("Fallbacks", "How often a library had nothing better than its fallback.")
                        .sql(total(&events("kind = 'replied' AND what = 'fallback'"), BOTS)),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::bars("What answered", "Answered messages, by what answered them.")
                        .sql(over_time_by("what", &events("1"), &format!("kind = 'replied' AND {BOTS}"))),
                    Panel::bars("Why bots stayed silent", "Messages not answered, by reason.")
                        .sql(over_time_by("what", &events("1"), &format!("kind = 'silent' AND {BOTS}"))),
                    Panel::lines("Unanswerable", "Share of messages for which nothing was found.")
                        .sql(over_time(&format!("{missed} AS \"share\""), BOTS))
                        .unit("percentunit")
                        .limits(0.3, 0.6),
                    Panel::ranking("Reasons of silence", "Messages not answered in the range, by reason.")
                        .sql(reasons),
                ],
            },
            Row {
                title: "Hits",
                panels: vec![
                    Panel::ranking("Rules", "Trigger groups that fired most.")
                        .sql(hits("trigger_group", "name"))
                        .wide(8),
                    Panel::ranking("Entries", "Entries of libraries that answered most.")
                        .sql(hits("entry", "concat(name, '/', entry)"))
                        .wide(8),
                    Panel::ranking("Fail messages", "Rules whose onFailMsg was shown most.")
                        .sql(hits("fail_message", "name"))
                        .wide(8),
                    Panel::table(
                        "Shadow differences",
                        "What content under trial would have answered, where something else did.",
                    )
                    .sql(shadow),
                    Panel::table("Variations", "How evenly an entry's variations are used.").sql(variations),
                    Panel::table("Where nothing was found", "Misses by bot and kind of chat.")
                        .sql(where_missed)
                        .drill("bot", "troupe-bot", "bot"),
                ],
            },
        ],
    }
}
