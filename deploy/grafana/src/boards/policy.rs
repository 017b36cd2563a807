use super::{BOTS, RECEIVED, bots, by, by_day, events, people, share, time_zone, total};
use crate::model::{Board, Panel, Row};

/// How the bots stand with people: who came, who wants to be left alone, who was handed to a person.
pub(super) fn board() -> Board {
    let first_seen = events("kind = 'person_first_seen'");
    let opted_out = events("kind = 'opted_out'");
    let handed_over = events("kind = 'handed_over'");
    let blocked = events("kind = 'bot_blocked'");
    let left = share(&people("kind = 'opted_out'"), &people(RECEIVED));
    let figures = format!(
        "{first_seen} AS first_seen, {opted_out} AS opted_out, {blocked} AS blocked, {handed_over} AS handed_over, \
         {people} AS active_people",
        people = people(RECEIVED),
    );
    let bots_table = by("bot", &figures, BOTS, "opted_out DESC");
    let silent = format!("kind = 'silent' AND what != 'no_match' AND {BOTS}");
    let silences = by("what", &format!("{} AS messages", events("1")), &silent, "messages DESC");
    let acts = "SELECT time, name AS operator, what AS act, entry AS act_on, version AS act_version FROM counted WHERE kind = 'operator_acted' \
                AND $__timeFilter(time) ORDER BY time DESC LIMIT 100";
    Board {
        uid: "troupe-policy",
        title: "Policy",
        description: "How the bots stand with people: who is new, who wants to be left alone, who was handed to a person.",
        from: "now-30d",
        variables: vec![bots(), time_zone()],
        rows: vec![
            Row {
                title: "In the range",
                panels: vec![
                    Panel::stat("First seen", "People who wrote to a bot for the first time.")
                        .sql(total(&first_seen, BOTS)),
                    Panel::stat(
                        "Opted out",
                        "People who asked not to be written to; bots are silent to them from then on.",
                    )
                    .sql(total(&opted_out, BOTS)),
                    Panel::stat(
                        "Opted out, of active people",
                        "Many means that bots say what people do not want to read.",
                    )
                    .sql(total(&left, BOTS))
                    .unit("percentunit")
                    .limits(0.05, 0.15),
                    Panel::stat("Blocked", "Answers refused since the person has blocked the bot.")
                        .sql(total(&blocked, BOTS))
                        .limits(5.0, 50.0),
                    Panel::stat("Handed over", "Conversations that were handed to a person of ours.")
                        .sql(total(&handed_over, BOTS)),
                    Panel::stat(
                        "Silent to opted-out",
                        "Messages of people who had opted out, rightly not answered.",
                    )
                    .sql(total(&events("kind = 'silent' AND what = 'opted_out'"), BOTS)),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::bars("Coming and going", "People first seen and people who opted out, by day.")
                        .sql(by_day(
                            &format!("{first_seen} AS \"first seen\", {opted_out} AS \"opted out\""),
                            BOTS,
                        )),
                    Panel::bars("Trouble", "Blocked bots and hand-overs, by day.").sql(by_day(
                        &format!("{blocked} AS \"blocked\", {handed_over} AS \"handed over\""),
                        BOTS,
                    )),
                ],
            },
            Row {
                title: "In detail",
                panels: vec![
                    Panel::table("Bots", "Which bot people come to, and which they leave.")
                        .sql(bots_table)
                        .drill("bot", "troupe-bot", "bot"),
                    Panel::ranking(
                        "Kept silent by rule",
                        "Messages not answered though something could have been said, by reason.",
                    )
                    .sql(silences),
                    Panel::table("Operators", "What operators did, the newest first.").sql(acts).wide(24),
                ],
            },
        ],
    }
}
