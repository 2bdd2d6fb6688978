//! The query string, and pages with the `Link` header that leads through them.

use std::ops::Range;

use url::form_urlencoded::{Serializer, parse};

/// The parameters of a query string, in their order.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Takes a raw query string apart. There is no query string that cannot be.
    pub(super) fn of(query: Option<&str>) -> Self {
        Self(parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The value of a parameter, the last one if there are several.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same parameters, leading to another page.
    fn with_page(&self, page: usize) -> String {
        let others = self.0.iter().filter(|(key, _)| key != "page");
        Serializer::new(String::new()).extend_pairs(others).append_pair("page", &page.to_string()).finish()
    }
}

/// Which part of a list was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging {
    page: usize,
    per_page: usize,
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page<E> {
    pub(super) elements: Vec<E>,
    paging: Paging,
    /// How many elements there are on all pages.
    total: usize,
}

impl<E> Page<E> {
    /// The `Link` header for this page of the list at `url`; `None` when it is the only one.
    pub(super) fn link(&self, url: &str, query: &Query) -> Option<String> {
        self.paging.link(self.total, url, query)
    }
}

impl Paging {
    /// Reads `page` and `per_page`. What is no number above zero counts as not given; more than `max`
    /// per page counts as `max`.
    pub(super) fn of(query: &Query, default: usize, max: usize) -> Self {
        let number = |name| query.get(name).and_then(|text| text.parse().ok()).filter(|number| *number > 0);
        Self { page: number("page").unwrap_or(1), per_page: number("per_page").unwrap_or(default).min(max) }
    }

    /// This page of `list`, each element as `show` shows it.
    pub(super) fn pick<E, S>(self, list: &[E], show: impl FnMut(&E) -> S) -> Page<S> {
        let elements = list[self.range(list.len())].iter().map(show).collect();
        Page { elements, paging: self, total: list.len() }
    }

    /// The places in a list of `total` elements that are on this page.
    fn range(self, total: usize) -> Range<usize> {
        let start = (self.page - 1).saturating_mul(self.per_page).min(total);
        start..start.saturating_add(self.per_page).min(total)
    }

    /// The relations to other pages of a list of `total` elements; `None` when they fit on one page.
    fn link(self, total: usize, url: &str, query: &Query) -> Option<String> {
        let last = total.div_ceil(self.per_page);
        if last < 2 {
            return None;
        }
        let (back, on) = (self.page > 1, self.page < last);
        let relations = [
            back.then(|| ("prev", (self.page - 1).min(last))),
            on.then_some(("next", self.page.saturating_add(1))),
            on.then_some(("last", last)),
            back.then_some(("first", 1)),
        ];
        let link = |(name, page)| format!("<{url}?{}>; rel=\"{name}\"", query.with_page(page));
        Some(relations.into_iter().flatten().map(link).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn page_sizes_are_read_leniently_and_capped() {
        for (query, expected) in [
            ("", (1, 28)),
            ("page=3&per_page=7", (3, 7)),
            ("page=0&per_page=0", (1, 28)),
            ("page=x&per_page=-1", (1, 28)),
            ("per_page=29", (1, 28)),
            ("per_page=99999999999999999999999", (1, 28)),
            ("page=1&page=2", (2, 28)),
        ] {
            let paging = Paging::of(&Query::of(Some(query)), 28, 28);
            assert_eq!((paging.page, paging.per_page), expected, "{query}");
        }
    }

    #[test]
    fn the_link_header_names_the_pages_around_and_keeps_every_parameter() {
        let query = Query::of(Some("since=2026-11-01T00:00:00Z&per_page=10&page=2&x=%26"));
        let link = Paging::of(&query, 28, 28).link(28, "http://host/path", &query).unwrap();
        let kept = "since=2026-11-01T00%3A00%3A00Z&per_page=10&x=%26";
        let relation = |page, name| format!("<http://host/path?{kept}&page={page}>; rel=\"{name}\"");
        let expected = [relation(1, "prev"), relation(3, "next"), relation(3, "last"), relation(1, "first")];
        assert_eq!(link, expected.join(", "));
    }

    #[test]
    fn relations_that_lead_nowhere_are_left_out() {
        let names = |page: usize, total| {
            let query = Query::of(Some(&format!("per_page=10&page={page}")));
            let link = Paging::of(&query, 28, 28).link(total, "", &query)?;
            Some(
                link.split("rel=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect(),
            )
        };
        for (page, total, expected) in [
            (1, 10, None),
            (1, 0, None),
            (1, 11, Some("next last")),
            (2, 11, Some("prev first")),
            (9, 11, Some("prev first")),
        ] {
            let expected: Option<Vec<String>> =
                expected.map(|names| names.split(' ').map(Into::into).collect());
            assert_eq!(names(page, total), expected, "page {page} of {total}");
        }
    }

    proptest! {
        #[test]
        fn pages_cover_a_list_once_and_in_order(total in 0_usize..500, per_page in 1_usize..120) {
            let query = |page| Query::of(Some(&format!("per_page={per_page}&page={page}")));
            let pages = (1..=total + 1).map(|page| Paging::of(&query(page), 30, 100).range(total));
            prop_assert_eq!(pages.flatten().collect::<Vec<_>>(), (0..total).collect::<Vec<_>>());
        }

        #[test]
        fn no_page_panics(page: u64, per_page: u64, total: usize) {
            let query = Query::of(Some(&format!("page={page}&per_page={per_page}")));
            let paging = Paging::of(&query, 30, 100);
            let _ = (paging.range(total), paging.link(total, "", &query));
        }
    }
}
