//! Answers that are strange and no failure: what they say is shown as the design has it, the exposition stays one that
//! every parser takes, and what was strange is gone when GitHub says so.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    faults::{PLACES, Place, Story, ok},
    hostile::{Good, Wire},
    people::{data, differences, newest},
    people_truth::Truth,
    program::promtool_check,
    support::{Patience, Scrape},
};

/// Something strange.
pub struct Oddity {
    /// As the document calls it.
    pub what: &'static str,
    /// What of [`PLACES`] is strange.
    pub place: &'static str,
    /// What the user sees.
    pub sees: &'static str,
    spoil: fn(&Good) -> Wire,
    check: fn(&Seen<'_>),
}

/// What is seen of it, and what was before.
struct Seen<'s> {
    now: &'s Scrape,
    good: &'s Scrape,
    org: &'s str,
}

impl Seen<'_> {
    /// A series of the organisation as a whole, with more labels.
    #[track_caller]
    fn whole(&self, family: &str, labels: &str) -> Option<f64> {
        self.now
            .get(&format!(r#"github_copilot_{family}{{enterprise="",org="{}",team=""{labels}}}"#, self.org))
    }

    fn waits(&self) -> bool {
        self.now.sum("github_copilot_exporter_source_waiting", &[]) == 1.0
    }
}

const USAGE: &str = "usage of an owner";
const LATEST: &str = "file of the latest report";
const PEOPLE: &str = "files about people";

/// Names that could break something, and how they are shown.
const NAMES: [(&str, &str); 7] = [
    ("say \"hi\"", r#"say \"hi\""#),
    ("back\\slash", r"back\\slash"),
    ("two\nlines\r\u{7}", "twolines"),
    ("\u{1f980} crab", "\u{1f980} crab"),
    ("  Spaced  ", "spaced"),
    ("{x=\"1\"} 2", r#"{x=\"1\"} 2"#),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
];

pub const ODDITIES: &[Oddity] = &[
    Oddity {
        what: "names with quotes, line ends, emoji and 10 kB",
        place: USAGE,
        sees: "the names, in lower case, without control characters, at most 100 characters of each",
        spoil: |good| with_rows(good, &strange_rows()),
        check: |seen| {
            for (index, (_, shown)) in NAMES.iter().enumerate() {
                let labels = format!(r#",language="{shown}",editor="vscode""#);
                assert_eq!(seen.whole("suggestions", &labels), Some(1000.0 + index as f64), "{shown}");
            }
            let long = format!(r#",language="{}",editor="unknown""#, "x".repeat(100));
            assert_eq!(seen.whole("suggestions", &long), Some(5.0));
        },
    },
    Oddity {
        what: "a breakdown of a million rows",
        place: USAGE,
        sees: "50 languages, and the rest as `others`; nothing is lost of the sum",
        spoil: |good| {
            let mut rows = String::new();
            for language in 0..MILLION {
                write!(rows, r#"{{"language":"l{language}","suggestions_count":1}},"#).unwrap();
            }
            rows.pop();
            let text = String::from_utf8(good.body.clone()).unwrap();
            // Days come oldest first: the last one is the newest.
            let (before, after) = text.rsplit_once("\"breakdown\":[").unwrap();
            Wire::Bytes(ok(format!("{before}\"breakdown\":[{rows},{after}")))
        },
        check: |seen| {
            let organisation = [r#"team="""#];
            let sum = |scrape: &Scrape| scrape.sum("github_copilot_suggestions", &organisation);
            assert_eq!(sum(seen.now), sum(seen.good) + MILLION as f64);
            let rows = seen.now.of("github_copilot_suggestions", &organisation).count();
            assert!(rows < 300, "{rows}");
            assert!(
                seen.now.sum("github_copilot_exporter_folded_label_values", &[r#"label="language""#])
                    > 999_900.0
            );
        },
    },
    Oddity {
        what: "negative numbers",
        place: USAGE,
        sees: "the numbers, as GitHub gives them",
        spoil: |good| {
            with_newest(good, |day| {
                day["total_suggestions_count"] = json!(-5);
                day["breakdown"] = json!([{"language": "go", "editor": "vim", "acceptances_count": -7}]);
            })
        },
        check: |seen| {
            assert_eq!(seen.whole("total_suggestions", ""), Some(-5.0));
            assert_eq!(seen.whole("acceptances", r#",language="go",editor="vim""#), Some(-7.0));
        },
    },
    Oddity {
        what: "huge numbers",
        place: USAGE,
        sees: "the numbers; no series where a sum is beyond every integer",
        spoil: |good| {
            with_newest(good, |day| {
                day["total_suggestions_count"] = json!(i64::MAX);
                day["total_acceptances_count"] = json!(i64::MIN);
                let row = json!({"language": "go", "editor": "vim", "suggestions_count": i64::MAX, "lines_suggested": 1});
                day["breakdown"] = json!([row, row]);
            })
        },
        check: |seen| {
            assert_eq!(seen.whole("total_suggestions", ""), Some(9_223_372_036_854_775_807.0));
            assert_eq!(seen.whole("total_acceptances", ""), Some(-9_223_372_036_854_775_808.0));
            let row = r#",language="go",editor="vim""#;
            assert_eq!(seen.whole("suggestions", row), None);
            assert_eq!(seen.whole("lines_suggested", row), Some(2.0));
        },
    },
    Oddity {
        what: "a row twice",
        place: USAGE,
        sees: "one row with the sum of the counts, and without distinct users",
        spoil: |good| {
            with_newest(good, |day| {
                let row = |count: u64| json!({"language": "COBOL", "editor": "vim", "suggestions_count": count, "active_users": 2});
                day["breakdown"] = json!([row(3), row(4)]);
            })
        },
        check: |seen| {
            let row = r#",language="cobol",editor="vim""#;
            assert_eq!(seen.whole("suggestions", row), Some(7.0));
            assert_eq!(seen.whole("active_users", row), None);
        },
    },
    Oddity {
        what: "a day twice",
        place: USAGE,
        sees: "the day as it stands last",
        spoil: |good| {
            with_days(good, |days| {
                let mut again = days.last().unwrap().clone();
                again["total_suggestions_count"] = json!(77);
                days.push(again);
            })
        },
        check: |seen| assert_eq!(seen.whole("total_suggestions", ""), Some(77.0)),
    },
    Oddity {
        what: "a day in the future",
        place: USAGE,
        sees: "the day, for as long as GitHub gives it",
        spoil: |good| {
            with_days(good, |days| days.push(json!({"day": "2099-01-01", "total_suggestions_count": 9})))
        },
        check: |seen| {
            assert_eq!(seen.whole("day_timestamp_seconds", ""), Some(4_070_908_800.0));
            assert_eq!(seen.whole("total_suggestions", ""), Some(9.0));
        },
    },
    Oddity {
        what: "days without a number",
        place: USAGE,
        sees: "the last good figures; `source_waiting` is 1",
        spoil: |good| {
            with_days(good, |days| {
                for day in days {
                    *day = json!({"day": day["day"], "total_suggestions_count": null, "breakdown": null});
                }
            })
        },
        check: |seen| assert!(seen.waits() && seen.now.data() == seen.good.data()),
    },
    Oddity {
        what: "no days at all",
        place: USAGE,
        sees: "the last good figures; `source_waiting` is 1",
        spoil: |_| Wire::Bytes(ok("[]")),
        check: |seen| assert!(seen.waits() && seen.now.data() == seen.good.data()),
    },
    Oddity {
        what: "a status 204",
        place: USAGE,
        sees: "the last good figures; `source_waiting` is 1",
        spoil: |_| Wire::Bytes(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".into()),
        check: |seen| assert!(seen.waits() && seen.now.data() == seen.good.data()),
    },
    Oddity {
        what: "a file without days",
        place: LATEST,
        sees: "the last good figures; `source_waiting` is 1",
        spoil: |_| Wire::Bytes(ok("{\"day_totals\": []}")),
        check: |seen| assert!(seen.waits() && seen.now.data() == seen.good.data()),
    },
    Oddity {
        what: "a day with 200,000 elements",
        place: LATEST,
        sees: "50 models, and the rest as `others`",
        spoil: |good| {
            let mut elements = String::new();
            for model in 0..MILLION / 5 {
                let feature = r#""feature":"agent_edit","code_generation_activity_count":1"#;
                write!(elements, r#"{{"model":"m{model}",{feature}}},"#).unwrap();
            }
            elements.pop();
            let text = String::from_utf8(good.body.clone()).unwrap();
            Wire::Bytes(ok(text.replacen(
                "\"totals_by_model_feature\":[",
                &format!("\"totals_by_model_feature\":[{elements},"),
                1,
            )))
        },
        check: |seen| {
            let models = seen.now.of("github_copilot_model_generations", &[r#"team="""#]).count();
            assert!((1..1000).contains(&models), "{models}");
        },
    },
    Oddity {
        what: "names with quotes, line ends, emoji and 10 kB",
        place: PEOPLE,
        sees: "the names, in lower case, without control characters, at most 100 characters of each",
        spoil: |good| {
            with_records(good, |index, record| {
                let name =
                    NAMES.get(index).map_or_else(|| "X".repeat(10_000), |(name, _)| (*name).to_owned());
                for (list, label) in [("totals_by_language_feature", "language"), ("totals_by_ide", "ide")] {
                    for element in record[list].as_array_mut().into_iter().flatten() {
                        element[label] = json!(name);
                    }
                }
            })
        },
        check: |seen| {
            let long = format!(r#"language="{}""#, "x".repeat(100));
            let long = [r#"team="""#, &*long];
            assert!(seen.now.of("github_copilot_suggestions", &long).count() > 0);
        },
    },
    Oddity {
        what: "every record twice",
        place: PEOPLE,
        sees: "rows and users that count both; the totals of the owner are those of its own report",
        spoil: |good| Wire::Bytes(ok([&*good.body, &*good.body].concat())),
        check: |seen| assert!(seen.whole("total_suggestions", "").is_some()),
    },
    Oddity {
        what: "negative numbers",
        place: PEOPLE,
        sees: "the sums, as GitHub gives the parts",
        spoil: |good| with_records(good, |_, record| every_number(record, &json!(-3))),
        check: |seen| {
            let sum = seen.now.sum("github_copilot_suggestions", &[r#"team="""#]);
            assert!(sum < 0.0, "{sum}");
        },
    },
    Oddity {
        what: "huge numbers",
        place: PEOPLE,
        sees: "no series where a sum is beyond every integer",
        spoil: |good| with_records(good, |_, record| every_number(record, &json!(i64::MAX))),
        check: |seen| {
            let known = seen.now.sum("github_copilot_total_chat_turns", &[r#"team="""#]);
            assert!(known >= 0.0, "of the owner there is its own report");
        },
    },
    Oddity {
        what: "teams whose names have quotes, emoji and 10 kB",
        place: "files about teams",
        sees: "the name; the last one that is a name where this is none",
        spoil: |good| {
            with_records(good, |_, record| {
                let long = record["team_id"].as_u64().unwrap().is_multiple_of(2);
                record["slug"] =
                    json!(if long { "x".repeat(10_000) } else { "say-\"hi\"-\u{1f980}".to_owned() });
            })
        },
        check: |seen| {
            assert!(!seen.now.text.contains("xxxx"));
            let teams = |scrape: &Scrape| -> Vec<String> {
                let daily = scrape.of("github_copilot_total_active_users", &[]);
                let team = |series: &str| series.split(",team=").nth(1).unwrap().to_owned();
                daily.map(|(series, _)| team(series)).collect()
            };
            let strange = "\"say-\\\"hi\\\"-\u{1f980}\"}".to_owned();
            let (before, now) = (teams(seen.good), teams(seen.now));
            assert_eq!(now.len(), before.len());
            assert!(now.iter().all(|team| *team == strange || before.contains(team)), "{now:?}");
        },
    },
];

const MILLION: usize = 1_000_000;

/// Rows with strange names.
fn strange_rows() -> Vec<Value> {
    let row = |(index, (name, _)): (usize, &(&str, &str))| json!({"language": name, "editor": "vscode", "suggestions_count": 1000 + index});
    let long = json!({"language": "X".repeat(10_000), "editor": "\u{0}", "suggestions_count": 5});
    NAMES.iter().enumerate().map(row).chain([long]).collect()
}

fn with_days(good: &Good, change: impl Fn(&mut Vec<Value>)) -> Wire {
    let mut days: Vec<Value> = serde_json::from_slice(&good.body).unwrap();
    days.sort_by_key(|day| day["day"].to_string());
    change(&mut days);
    Wire::Bytes(ok(json!(days).to_string()))
}

fn with_newest(good: &Good, change: impl Fn(&mut Value)) -> Wire {
    with_days(good, |days| change(days.last_mut().unwrap()))
}

fn with_rows(good: &Good, rows: &[Value]) -> Wire {
    with_newest(good, |day| day["breakdown"].as_array_mut().unwrap().extend_from_slice(rows))
}

/// The same file with changed records.
fn with_records(good: &Good, change: impl Fn(usize, &mut Value)) -> Wire {
    let records = serde_json::Deserializer::from_slice(&good.body).into_iter::<Value>();
    let changed = records.enumerate().map(|(index, record)| {
        let mut record = record.unwrap();
        change(index, &mut record);
        format!("{record}\n")
    });
    Wire::Bytes(ok(changed.collect::<String>()))
}

/// Another number wherever something was counted.
fn every_number(value: &mut Value, number: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let counts = value.is_number() && !name.ends_with("_id");
                if counts {
                    *value = number.clone();
                } else {
                    every_number(value, number);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| every_number(item, number)),
        _ => {}
    }
}

/// Reads an exposition as strictly as its format is written down.
#[track_caller]
pub fn assert_strict(text: &str) {
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if line.starts_with("# HELP ") || line.starts_with("# TYPE ") {
            continue;
        }
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
        let number = match rest.strip_prefix('{') {
            Some(labels) => after_labels(labels).unwrap_or_else(|| panic!("{line}")),
            None => rest,
        };
        assert!(number.strip_prefix(' ').is_some_and(|number| number.parse::<f64>().is_ok()), "{line}");
    }
    assert_eq!(promtool_check(text), (Some(0), String::new()));
}

/// What stands behind `name="value",…}`; nothing if that is not what it is.
fn after_labels(mut rest: &str) -> Option<&str> {
    loop {
        let (name, value) = rest.split_once("=\"")?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let mut escaped = false;
        let end = value.char_indices().find_map(|(at, c)| {
            let (was, ends) = (escaped, c == '"' && !escaped);
            escaped = c == '\\' && !was;
            if was && !matches!(c, '\\' | '"' | 'n') {
                return Some(None);
            }
            ends.then_some(Some(at))
        })??;
        rest = is_name.then(|| &value[end + 1..])?;
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return rest.strip_prefix('}'),
        }
    }
}

#[test]
fn the_strict_reader_sees_what_it_should() {
    assert_eq!(after_labels(r#"a="x\"\\\n",b=""} 1"#), Some(" 1"));
    for broken in [r#"a="x} 1"#, r#"a="\x"} 1"#, r#"A="x"} 1"#, r#"a="x""} 1"#, r#"="x"} 1"#] {
        assert_eq!(after_labels(broken), None, "{broken}");
    }
}

/// Waits until the strange answer was taken in.
async fn taken_in(story: &Story, what: &str) -> Scrape {
    let success = "github_copilot_exporter_source_last_success_timestamp_seconds";
    let before = story.good.clone();
    let news = |scrape: &Scrape| {
        let later = |(series, at): (&str, f64)| before.get(series).is_some_and(|before| at > before);
        story.hostile.spoilt() > 0 && scrape.of(success, &[]).all(later)
    };
    let scrape = story.exporter.until(what, news).await;
    assert!(story.place.is_up(&scrape), "{what}: {}", scrape.text);
    scrape
}

async fn tell(oddity: &Oddity) {
    let Oddity { what, place, spoil, check, .. } = oddity;
    let place: &'static Place = PLACES.iter().find(|one| one.what == *place).unwrap();
    let mut story = Story::begin(place, &[]).await;
    story.hostile.spoil(place.concerns, *spoil);
    if place.of_new_days {
        story.a_day_passes();
    } else {
        story.exporter.clock.advance(3600);
    }
    let now = taken_in(&story, what).await;
    assert_strict(&now.text);
    let page = story.exporter.page().await;
    assert!(!page.contains("<script"), "{what}");
    let org = story.simulator.announcement().orgs[0].clone();
    check(&Seen { now: &now, good: &story.good, org: &org });

    story.hostile.heal();
    if place.of_new_days {
        story.a_day_passes();
    } else {
        story.exporter.clock.advance(3600);
    }
    let patience = Patience::new();
    while !is_as_it_should_be(&story, &story.exporter.scrape().await) {
        patience.check(&format!("{what} is gone"));
        // Days that were strange are read again a day later.
        story.exporter.clock.pass(if place.of_new_days { 60 } else { 1 });
    }
    story.exporter.stop().await;
}

/// Whether nothing strange is left: by reports a day has passed, else everything is as before.
fn is_as_it_should_be(story: &Story, scrape: &Scrape) -> bool {
    if !story.place.of_new_days {
        return scrape.data() == story.good.data();
    }
    let world = story.simulator.world();
    let truth = Truth::new(world, newest(story.now())).of(&world.orgs()[0]);
    differences(&truth, &data(scrape)).is_empty()
}

/// Tells of everything strange at these places.
async fn tell_of(places: &[&str]) {
    for oddity in ODDITIES.iter().filter(|oddity| places.contains(&oddity.place)) {
        tell(oddity).await;
    }
}

#[tokio::test]
async fn strange_usage_is_shown_as_the_design_has_it_and_goes() {
    tell_of(&[USAGE]).await;
}

#[tokio::test]
async fn a_strange_latest_report_is_shown_as_the_design_has_it_and_goes() {
    tell_of(&[LATEST]).await;
}

#[tokio::test]
async fn strange_people_and_teams_are_shown_as_the_design_has_it_and_go() {
    tell_of(&[PEOPLE, "files about teams"]).await;
}

impl Oddity {
    /// The test that tells of it.
    pub fn test(&self) -> &'static str {
        match self.place {
            USAGE => "strange_usage_is_shown_as_the_design_has_it_and_goes",
            LATEST => "a_strange_latest_report_is_shown_as_the_design_has_it_and_goes",
            _ => "strange_people_and_teams_are_shown_as_the_design_has_it_and_go",
        }
    }
}
