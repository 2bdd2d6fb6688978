//! Links that open a file for an hour to whoever has them: the path and two instants, signed.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use url::form_urlencoded::Serializer;

use super::dice::mix;
use super::paging::Query;

/// How long a link works.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// Signs links and recognises its own.
pub(super) struct Links {
    /// The base URL of the download host.
    base: String,
    /// What only this simulator knows. No cryptography: nothing here is secret.
    key: u64,
}

/// Why a link does not work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// It is not signed, or something was changed.
    Unsigned,
    /// It is not valid yet, or no longer.
    Untimely {
        /// When it begins to be.
        start: String,
        /// When it ends to be.
        end: String,
    },
}

impl Links {
    /// Links to the host at `base`.
    pub(super) fn new(base: String, seed: u64) -> Self {
        Self { base, key: mix(seed, 0x5167) }
    }

    /// A link to `path` that works from `now` on.
    pub(super) fn sign(&self, path: &str, now: DateTime<Utc>) -> String {
        let start = now.trunc_subsecs(0);
        let end = start.checked_add_signed(LIFE).unwrap_or(start);
        let (start, end) = (written(start), written(end));
        let query = Serializer::new(String::new())
            .append_pair("st", &start)
            .append_pair("se", &end)
            .append_pair("sig", &self.signature(path, &start, &end))
            .finish();
        format!("{}{path}?{query}", self.base)
    }

    /// Lets a request through that has a link of this simulator's, at the right time.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn check(&self, path: &str, query: &Query, now: DateTime<Utc>) -> Result<(), Denial> {
        let parameter = |name| query.get(name).ok_or(Denial::Unsigned);
        let (start, end, signature) = (parameter("st")?, parameter("se")?, parameter("sig")?);
        if signature != self.signature(path, start, end) {
            return Err(Denial::Unsigned);
        }
        let is = |text: &str| text.parse::<DateTime<Utc>>().map_err(|_| Denial::Unsigned);
        if (is(start)?..is(end)?).contains(&now) {
            return Ok(());
        }
        Err(Denial::Untimely { start: start.to_owned(), end: end.to_owned() })
    }

    /// 128 bits that depend on the key and every byte.
    fn signature(&self, path: &str, start: &str, end: &str) -> String {
        let bytes = || [path, start, end].into_iter().flat_map(|part| part.bytes().chain([0]));
        let half = |key| bytes().fold(key, |state, byte| mix(state, byte.into()));
        format!("{:016x}{:016x}", half(self.key), half(!self.key))
    }
}

fn written(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-11-20T{time}Z").parse().unwrap()
    }

    fn links() -> Links {
        Links::new("http://host".into(), 1)
    }

    fn checked(link: &str, time: &str) -> Result<(), Denial> {
        let (path, query) = link.strip_prefix("http://host").unwrap().split_once('?').unwrap();
        links().check(path, &Query::of(Some(query)), at(time))
    }

    #[test]
    fn a_link_works_for_an_hour() {
        let link = links().sign("/file", at("12:00:00.7"));
        let untimely = || {
            Err(Denial::Untimely { start: "2026-11-20T12:00:00Z".into(), end: "2026-11-20T13:00:00Z".into() })
        };
        for (time, expected) in [
            ("11:59:59", untimely()),
            ("12:00:00", Ok(())),
            ("12:00:00.7", Ok(())),
            ("12:59:59.9", Ok(())),
            ("13:00:00", untimely()),
        ] {
            assert_eq!(checked(&link, time), expected, "{time}");
        }
    }

    #[test]
    fn whatever_is_changed_in_a_link_is_noticed() {
        let link = links().sign("/file", at("12:00:00"));
        for (from, to) in [
            ("/file", "/fila"),
            ("se=2026-11-20T13", "se=2026-11-20T23"),
            ("st=2026-11-20T12", "st=2026-11-20T02"),
            ("sig=", "sig=0"),
            ("sig=", "gis="),
            ("se=", "es="),
        ] {
            let changed = link.replace(from, to);
            assert_ne!(changed, link);
            assert_eq!(checked(&changed, "12:00:00"), Err(Denial::Unsigned), "{changed}");
        }
        let other = Links::new("http://host".into(), 2).sign("/file", at("12:00:00"));
        assert_eq!(checked(&other, "12:00:00"), Err(Denial::Unsigned));
    }
}
