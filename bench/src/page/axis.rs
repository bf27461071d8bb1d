//! One axis of a plot: from figures to places, and where its marks are.

/// How figures are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By their logarithm.
    Log,
}

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What is along it.
    pub label: &'static str,
    /// How.
    pub scale: Scale,
    /// What a figure is called.
    pub text: fn(f64) -> String,
    low: f64,
    high: f64,
}

/// Marks of a linear axis.
const STEPS: u32 = 4;

impl Axis {
    /// An axis that holds all of these figures.
    pub fn around(
        label: &'static str,
        scale: Scale,
        text: fn(f64) -> String,
        figures: impl Iterator<Item = f64>,
    ) -> Self {
        let usable = figures.filter(|figure| figure.is_finite());
        let bounds = usable.fold(None, |bounds: Option<(f64, f64)>, figure| {
            let (low, high) = bounds.unwrap_or((figure, figure));
            Some((low.min(figure), high.max(figure)))
        });
        let (low, high) = bounds.unwrap_or((0.0, 1.0));
        let (low, high) = match scale {
            Scale::Linear => (0.0, if high > 0.0 { high } else { 1.0 }),
            Scale::Log => (decade_below(low), decade_above(high)),
        };
        Self { label, scale, text, low, high }
    }

    /// Where a figure is: 0 at the low end, 1 at the high one.
    pub fn place(&self, figure: f64) -> f64 {
        let figure = figure.clamp(self.low, self.high);
        match self.scale {
            Scale::Linear => figure / self.high,
            Scale::Log => (figure / self.low).log10() / (self.high / self.low).log10(),
        }
    }

    /// Figures that are marked.
    pub fn marks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                (0..=STEPS).map(|step| self.high * f64::from(step) / f64::from(STEPS)).collect()
            }
            Scale::Log => {
                let decades = (self.high / self.low).log10().round() as i32;
                (0..=decades).map(|decade| self.low * 10f64.powi(decade)).collect()
            }
        }
    }
}

/// The smallest figure that a logarithmic axis shows.
const LEAST: f64 = 1e-9;

fn decade_below(figure: f64) -> f64 {
    10f64.powf(figure.max(LEAST).log10().floor())
}

fn decade_above(figure: f64) -> f64 {
    let above = 10f64.powf(figure.max(LEAST).log10().ceil());
    if above > decade_below(figure) { above } else { above * 10.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(scale: Scale, figures: &[f64]) -> Axis {
        Axis::around("", scale, |figure| figure.to_string(), figures.iter().copied())
    }

    #[test]
    fn a_linear_axis_begins_at_zero() {
        let axis = axis(Scale::Linear, &[50.0, 200.0]);
        assert_eq!(axis.marks(), [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert_eq!(
            [0.0, 100.0, 200.0, 900.0].map(|figure| axis.place(figure)),
            [0.0, 0.5, 1.0, 1.0]
        );
    }

    #[test]
    fn a_logarithmic_axis_has_whole_decades() {
        let axis = axis(Scale::Log, &[20.0, 500.0]);
        let marks: Vec<_> = axis.marks().iter().map(|mark| mark.round()).collect();
        assert_eq!(marks, [10.0, 100.0, 1000.0]);
        assert!((axis.place(100.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn strange_figures_do_not_break_an_axis() {
        for scale in [Scale::Linear, Scale::Log] {
            for figures in [&[][..], &[0.0], &[f64::NAN], &[1.0, f64::INFINITY], &[10.0]] {
                let axis = axis(scale, figures);
                assert!(axis.place(1.0).is_finite(), "{scale:?} {figures:?}");
                assert!(!axis.marks().is_empty());
            }
        }
    }
}
