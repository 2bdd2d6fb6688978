//! A month of one measure, drawn as SVG.
//!
//! Positions are percentages of a picture without a view box: it takes the width it is given, while text, dots and
//! strokes keep their size on a phone. Elements are closed with `{}`, for in SVG an open `<rect>` would swallow the
//! next one.

use std::fmt;

use chrono::NaiveDate;
use maud::{Markup, html};

use super::words;

/// Left of the plot there is room for the labels of the scale, below it for the days.
const LEFT: f64 = 11.0;
const TOP: f64 = 6.0;
const BOTTOM: f64 = 86.0;

/// How days are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Bars that stand on zero.
    Bars,
    /// Dots, joined where their days are neighbours.
    Line,
}

/// One calendar day of the axis.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The day.
    pub(super) day: NaiveDate,
    /// Its value. Nothing is drawn where it is not known.
    pub(super) value: Option<f64>,
    /// The same for the tooltip.
    pub(super) words: String,
    /// Whether it is the day that the big number describes.
    pub(super) chosen: bool,
}

/// A picture of consecutive days.
#[derive(Debug)]
pub(super) struct Chart<'a> {
    /// What is drawn.
    pub(super) title: &'a str,
    /// What there is to see, for those who do not see it.
    pub(super) summary: &'a str,
    /// How it is drawn.
    pub(super) shape: Shape,
    /// From where to where.
    pub(super) scale: Scale,
    /// A number at the scale.
    pub(super) label: fn(f64) -> String,
    /// The days, without holes.
    pub(super) slots: &'a [Slot],
}

/// What the height of the plot stands for. Zero is always in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
}

/// A position in the picture.
#[derive(Clone, Copy, Debug)]
struct Percent(f64);

impl Scale {
    /// A scale with round ends for these values, reaching to `least` at least.
    pub(super) fn of(values: impl Iterator<Item = f64>, least: f64) -> Self {
        let (low, high) =
            values.fold((0.0, least), |(low, high): (f64, f64), value| (low.min(value), high.max(value)));
        // Counts below zero are nonsense, but it is GitHub's nonsense and shown as such.
        Self { low: if low < 0.0 { -round_up(-low) } else { 0.0 }, high: round_up(high) }
    }

    fn y(&self, value: f64) -> Percent {
        Percent(BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP))
    }

    fn marks(&self) -> impl Iterator<Item = f64> {
        let low = (self.low < 0.0).then_some(self.low);
        [self.high, 0.0].into_iter().chain(low)
    }
}

/// The next round number: one or two digits that people like at an axis.
fn round_up(value: f64) -> f64 {
    const STEPS: [f64; 8] = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0];
    let unit = 10f64.powf(value.log10().floor());
    STEPS.into_iter().map(|step| step * unit).find(|round| *round >= value).unwrap_or(10.0 * unit)
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}%", self.0)
    }
}

impl Chart<'_> {
    /// The picture.
    pub(super) fn draw(&self) -> Markup {
        html! {
            svg.chart role="img" xmlns="http://www.w3.org/2000/svg" {
                title { (self.title) }
                desc { (self.summary) }
                (self.axes())
                @if self.shape == Shape::Line { (self.segments()) }
                @for (index, slot) in self.slots.iter().enumerate() { (self.slot(index, slot)) }
            }
        }
    }

    fn axes(&self) -> Markup {
        let ends = [(self.slots.first(), LEFT, "start"), (self.slots.last(), 100.0, "end")];
        html! {
            @for mark in self.scale.marks() {
                line.grid.zero[mark == 0.0] x1=(Percent(LEFT)) x2="100%" y1=(self.scale.y(mark)) y2=(self.scale.y(mark)) {}
                text x=(Percent(LEFT)) y=(self.scale.y(mark)) dx="-6" dy="4" text-anchor="end" { ((self.label)(mark)) }
            }
            @for (slot, x, anchor) in ends {
                @if let Some(slot) = slot {
                    text x=(Percent(x)) y="98%" text-anchor=(anchor) { (words::short_day(slot.day)) }
                }
            }
        }
    }

    /// Joins neighbours that are both known, so that a gap breaks the line.
    fn segments(&self) -> Markup {
        html! {
            @for (index, pair) in self.slots.windows(2).enumerate() {
                @if let [Slot { value: Some(from), .. }, Slot { value: Some(to), .. }] = pair {
                    line.segment x1=(self.middle(index)) x2=(self.middle(index + 1))
                        y1=(self.scale.y(*from)) y2=(self.scale.y(*to)) {}
                }
            }
        }
    }

    /// The place of one day: it can be pointed at even where nothing is drawn.
    fn slot(&self, index: usize, slot: &Slot) -> Markup {
        html! {
            g.chosen[slot.chosen] {
                title { (slot.day) ": " (slot.words) }
                rect.place x=(self.x(index, 0.0)) y="0" width=(Percent(self.width())) height="100%" {}
                @match (slot.value, self.shape) {
                    (None, _) => {}
                    (Some(value), Shape::Bars) => (self.bar(index, value)),
                    (Some(value), Shape::Line) => {
                        circle.mark cx=(self.middle(index)) cy=(self.scale.y(value)) r="3" {}
                    }
                }
            }
        }
    }

    /// A bar, and its foot on the zero line: without it neither a zero nor a small number would differ from a gap.
    fn bar(&self, index: usize, value: f64) -> Markup {
        let (zero, end) = (self.scale.y(0.0), self.scale.y(value));
        let (top, height) = (zero.0.min(end.0), (zero.0 - end.0).abs());
        html! {
            @if value != 0.0 {
                rect.mark x=(self.x(index, 0.14)) width=(Percent(self.width() * 0.72))
                    y=(Percent(top)) height=(Percent(height)) {}
            }
            line.foot.nil[value == 0.0] x1=(self.x(index, 0.14)) x2=(self.x(index, 0.86)) y1=(zero) y2=(zero) {}
        }
    }

    fn middle(&self, index: usize) -> Percent {
        self.x(index, 0.5)
    }

    /// A position within a day, from 0 at its left to 1 at its right.
    fn x(&self, index: usize, within: f64) -> Percent {
        Percent(LEFT + (index as f64 + within) * self.width())
    }

    fn width(&self) -> f64 {
        (100.0 - LEFT) / self.slots.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(shape: Shape, values: &[Option<f64>]) -> String {
        let first = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let slot = |(day, value): (NaiveDate, &Option<f64>)| Slot {
            day,
            value: *value,
            words: value.map_or("unknown".to_owned(), words::short),
            chosen: false,
        };
        let slots: Vec<Slot> = first.iter_days().zip(values).map(slot).collect();
        let scale = Scale::of(values.iter().flatten().copied(), 1.0);
        let label = words::short;
        Chart { title: "t", summary: "s", shape, scale, label, slots: &slots }.draw().into_string()
    }

    fn times(text: &str, part: &str) -> usize {
        text.matches(part).count()
    }

    #[test]
    fn a_gap_stays_a_gap_and_a_zero_is_drawn() {
        let svg = draw(Shape::Bars, &[Some(4.0), None, Some(0.0)]);
        assert_eq!(times(&svg, "class=\"foot\""), 1, "{svg}");
        assert_eq!(times(&svg, "class=\"foot nil\""), 1, "{svg}");
        assert_eq!(times(&svg, "class=\"mark\""), 1, "a bar only where there is something: {svg}");
        assert!(svg.contains("<title>2026-11-02: unknown</title>"), "{svg}");
        assert!(svg.contains("<title>2026-11-03: 0</title>"), "{svg}");
    }

    #[test]
    fn a_gap_breaks_the_line_and_a_lone_day_is_a_dot() {
        let svg = draw(Shape::Line, &[Some(0.1), Some(0.0), None, Some(1.0)]);
        assert_eq!(times(&svg, "class=\"segment\""), 1, "{svg}");
        assert_eq!(times(&svg, "<circle"), 3, "{svg}");
    }

    #[test]
    fn the_scale_ends_at_the_next_round_number_and_always_has_zero() {
        let cases: [(&[f64], f64, Scale); 7] = [
            (&[], 1.0, Scale { low: 0.0, high: 1.0 }),
            (&[0.0], 1.0, Scale { low: 0.0, high: 1.0 }),
            (&[42.0, 3.0], 1.0, Scale { low: 0.0, high: 50.0 }),
            (&[101.0], 1.0, Scale { low: 0.0, high: 150.0 }),
            (&[100.0], 1.0, Scale { low: 0.0, high: 100.0 }),
            (&[0.94], 0.1, Scale { low: 0.0, high: 1.0 }),
            (&[-7.0], 1.0, Scale { low: -8.0, high: 1.0 }),
        ];
        for (values, least, expected) in cases {
            assert_eq!(Scale::of(values.iter().copied(), least), expected, "{values:?}");
        }
    }

    #[test]
    fn bars_grow_from_zero_in_both_directions() {
        let svg = draw(Shape::Bars, &[Some(1.0), Some(-1.0)]);
        assert!(svg.contains("y=\"6.00%\" height=\"40.00%\""), "{svg}");
        assert!(svg.contains("y=\"46.00%\" height=\"40.00%\""), "{svg}");
    }
}
