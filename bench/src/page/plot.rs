//! A plot as SVG.

use std::fmt::{self, Display, Formatter};

use super::axis::Axis;

/// Size of the picture and of the margins around the plot, in pixels.
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 15.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 42.0;

/// Figures along two axes.
pub struct Plot {
    /// What it shows.
    pub title: &'static str,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
}

/// Points that belong together.
pub struct Series {
    /// Its colour.
    pub color: &'static str,
    /// In the order in which they are joined.
    pub points: Vec<(f64, f64)>,
    /// Points alone, without lines between them.
    pub dots: bool,
}

impl Plot {
    fn x(&self, figure: f64) -> f64 {
        LEFT + self.x.place(figure) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, figure: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(figure) * (HEIGHT - TOP - BOTTOM)
    }

    fn grid(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for mark in self.x.marks() {
            let (x, text) = (self.x(mark), (self.x.text)(mark));
            writeln!(formatter, r#"<path d="M{x:.1} {TOP}V{bottom}" class="g"/>"#)?;
            let y = bottom + 14.0;
            writeln!(formatter, r#"<text x="{x:.1}" y="{y}" text-anchor="middle">{text}</text>"#)?;
        }
        for mark in self.y.marks() {
            let (y, text) = (self.y(mark), (self.y.text)(mark));
            writeln!(formatter, r#"<path d="M{LEFT} {y:.1}H{right}" class="g"/>"#)?;
            let (x, y) = (LEFT - 6.0, y + 4.0);
            writeln!(formatter, r#"<text x="{x}" y="{y:.1}" text-anchor="end">{text}</text>"#)?;
        }
        Ok(())
    }

    fn labels(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (middle, low) = ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8.0);
        let (title, x, y) = (self.title, self.x.label, self.y.label);
        writeln!(formatter, r#"<text x="{LEFT}" y="16" class="t">{title} ({y})</text>"#)?;
        writeln!(formatter, r#"<text x="{middle}" y="{low}" text-anchor="middle">{x}</text>"#)
    }

    fn draw(&self, series: &Series, formatter: &mut Formatter<'_>) -> fmt::Result {
        let color = series.color;
        let places = series.points.iter().map(|&(x, y)| (self.x(x), self.y(y)));
        if series.dots {
            for (x, y) in places {
                writeln!(formatter, r#"<circle cx="{x:.1}" cy="{y:.1}" r="4" fill="{color}"/>"#)?;
            }
            return Ok(());
        }
        let points: Vec<_> = places.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        writeln!(formatter, r#"<polyline points="{points}" fill="none" stroke="{color}"/>"#)
    }
}

impl Display for Plot {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        writeln!(formatter, r#"<svg width="{WIDTH}" height="{HEIGHT}" role="img">"#)?;
        self.grid(formatter)?;
        self.labels(formatter)?;
        for series in &self.series {
            self.draw(series, formatter)?;
        }
        writeln!(formatter, "</svg>")
    }
}
