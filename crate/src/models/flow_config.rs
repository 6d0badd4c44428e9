//! What a normalizing flow is made of, as a weights file says it.

use serde::{Deserialize, Serialize};

use super::classifier::CLASSES;
use super::family::{Family, Training};
use crate::data::SIDE;
use crate::error::{Error, Result};
use crate::nn::init::{Declarations, Init};

/// Numbers that describe one part of a mixture: its weight, its mean and its scale.
pub(super) const NUMBERS: usize = 3;
/// Side of the levels' convolutions.
const KERNEL: usize = 3;
/// Keeps a forged config from asking for terabytes.
const MAX_PARAMETERS: usize = 4 << 20;

/// A flow of coupling layers over ever coarser grids (RealNVP's multi-scale architecture, Dinh et al. 2017, section 3.6),
/// whose couplings map by the distribution function of a mixture of logistics (Flow++, Ho et al. 2019, section 3.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// Always `flow`: tells a flow's file from another family's.
    pub family: Family,
    /// Height and width of the pictures; 28, but for tests.
    pub side: usize,
    /// The levels from the picture down: each halves the grid and has three convolutional couplings.
    pub levels: Vec<Level>,
    /// Couplings between the two halves of the coarsest grid's pixels.
    pub top: Top,
    /// Logistics in a mixture.
    pub components: usize,
    /// The part of the unit interval that the lowest of the 256 grey values is spread over in front of the logit:
    /// paper then becomes logistic noise, of which a coupling makes z without a loss.
    pub paper: f64,
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

/// The networks of a level's couplings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Channels of the convolutions.
    pub channels: usize,
    /// Residual convolutions between the first one and the mixtures.
    pub layers: usize,
}

/// The couplings of the coarsest grid and their fully connected networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Top {
    /// Number of couplings; they transform the two halves in turn.
    pub couplings: usize,
    /// Width of the two hidden layers.
    pub hidden: usize,
}

/// The four grids of a squeezed picture in the order in which they are drawn, as 2 * row + column of their first pixel;
/// the first is the next level's picture.
pub(super) const PHASES: [usize; 4] = [0, 3, 1, 2];

impl FlowConfig {
    /// Checks that the sizes are those of a network that can be built.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the size.
    pub fn check(&self) -> Result<()> {
        let unfit = |what: String| Err(Error::Checkpoint(format!("the flow's config is not usable: {what}")));
        if self.family != Family::Flow {
            return unfit("its family is another".into());
        }
        let levels = self.levels.len();
        if !(1..=3).contains(&levels) || !(4..=SIDE).contains(&self.side) || !self.side.is_multiple_of(1 << levels) {
            return unfit(format!("{levels} levels on pictures of {0} x {0}", self.side));
        }
        let mut sizes = vec![
            ("couplings", self.top.couplings, 2..=32),
            ("hidden", self.top.hidden, 1..=1024),
            ("components", self.components, 1..=16),
        ];
        for level in &self.levels {
            sizes.extend([("channels", level.channels, 1..=256), ("layers", level.layers, 1..=8)]);
        }
        for (what, size, range) in sizes {
            if !range.contains(&size) {
                return unfit(format!("{what} are {size}; they are {} to {}", range.start(), range.end()));
            }
        }
        if !(0.5..1.0).contains(&self.paper) {
            return unfit(format!("paper is {}; it is 0.5 to below 1", self.paper));
        }
        let parameters = self.declarations().layout()?.parameter_count();
        if parameters > MAX_PARAMETERS {
            return unfit(format!("it has {parameters} parameters, more than this program runs"));
        }
        Ok(())
    }

    /// Pixels of a picture.
    pub fn pixels(&self) -> usize {
        self.side * self.side
    }

    /// Pixels of the coarsest grid's two halves; the first has one more where their number is odd.
    pub(super) fn halves(&self) -> [usize; 2] {
        let pixels = (self.side >> self.levels.len()).pow(2);
        [pixels.div_ceil(2), pixels / 2]
    }

    /// Coupling layers in all.
    pub fn couplings(&self) -> usize {
        self.levels.len() * (PHASES.len() - 1) + self.top.couplings
    }

    /// The parameters with the values they start from.
    pub fn declarations(&self) -> Declarations {
        let numbers = NUMBERS * self.components;
        let mut list = Declarations::default();
        for (index, level) in self.levels.iter().enumerate() {
            for known in 1..PHASES.len() {
                let name = level_name(index, known);
                list.conv2d(&format!("{name}.in"), known, level.channels, KERNEL);
                label(&mut list, &name, level.channels);
                for layer in 0..level.layers {
                    list.conv2d(&format!("{name}.{layer}"), level.channels, level.channels, KERNEL);
                }
                list.conv2d(&format!("{name}.out"), level.channels, numbers, 1);
            }
        }
        for coupling in 0..self.top.couplings {
            let (name, halves) = (top_name(coupling), self.halves());
            let (changed, kept) = (halves[coupling % 2], halves[1 - coupling % 2]);
            list.linear(&format!("{name}.in"), FEATURES * kept, self.top.hidden);
            label(&mut list, &name, self.top.hidden);
            list.linear(&format!("{name}.0"), self.top.hidden, self.top.hidden);
            list.linear(&format!("{name}.out"), self.top.hidden, numbers * changed);
        }
        list
    }

    /// The network in one line.
    pub fn describe(&self) -> String {
        let levels: Vec<String> =
            self.levels.iter().map(|level| format!("3 x conv{}(k{KERNEL})x{}", level.channels, level.layers)).collect();
        format!(
            "{}, {} x dense{}; mixtures of {} logistics",
            levels.join(", "),
            self.top.couplings,
            self.top.hidden,
            self.components
        )
    }
}

/// Numbers that a coupling of the coarsest grid reads of each pixel: its state, and its state as a grey value.
pub(super) const FEATURES: usize = 2;

/// The coupling of level `level` that has seen `known` of the four grids.
pub(super) fn level_name(level: usize, known: usize) -> String {
    format!("levels.{level}.{known}")
}

/// A coupling of the coarsest grid.
pub(super) fn top_name(coupling: usize) -> String {
    format!("top.{coupling}")
}

/// What a class adds to the first layer: small at first, or ten networks would have to be unlearned.
fn label(list: &mut Declarations, name: &str, width: usize) {
    list.parameter(format!("{name}.label.weight"), [CLASSES, width], Init::Normal { std: 0.1 });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> FlowConfig {
        FlowConfig {
            family: Family::Flow,
            side: 28,
            levels: vec![Level { channels: 4, layers: 1 }; 2],
            top: Top { couplings: 2, hidden: 3 },
            components: 2,
            paper: 0.99,
            training: None,
        }
    }

    #[test]
    fn forty_nine_pixels_are_left_of_two_levels() {
        let config = config();
        config.check().unwrap();
        assert_eq!((config.couplings(), config.halves()), (8, [25, 24]));
        let layout = config.declarations().layout().unwrap();
        let shape = |name: &str| layout.entries()[layout.find(name).unwrap()].shape.dims().to_vec();
        assert_eq!(shape("levels.1.3.in.weight"), [4, 3, 3, 3]);
        // the first coupling changes the larger half and reads two numbers of each pixel of the other
        assert_eq!(shape("top.0.in.weight"), [3, 48]);
        assert_eq!(shape("top.0.out.weight"), [150, 3]);
        assert_eq!(shape("top.1.out.weight"), [144, 3]);
    }

    #[test]
    fn sizes_that_no_flow_has_are_named() {
        let refused = |change: fn(&mut FlowConfig)| {
            let mut changed = config();
            change(&mut changed);
            changed.check().unwrap_err().to_string()
        };
        assert!(refused(|config| config.levels.push(Level { channels: 4, layers: 1 })).contains("3 levels"));
        assert!(refused(|config| config.levels[1].channels = 1 << 20).contains("channels are 1048576"));
        assert!(refused(|config| config.components = 0).contains("components are 0"));
        assert!(refused(|config| config.top.couplings = usize::MAX).contains("couplings"));
        assert!(refused(|config| config.paper = f64::NAN).contains("paper"));
        assert!(refused(|config| config.side = 0).contains("0 x 0"));
        assert!(
            refused(|config| config.levels = vec![Level { channels: 256, layers: 8 }; 2]).contains("parameters"),
            "sizes that are each possible may be too many together"
        );
    }
}
