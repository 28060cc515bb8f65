internal import Checkpoints
internal import Datasets

extension ImagePreparation {
    /// What turns images into what the model reads, as the checkpoint's metadata says.
    ///
    /// - Throws: `DatasetError` for numbers that no model can mean.
    var pipeline: PreprocessingPipeline {
        get throws(DatasetError) {
            let normalisation = try Normalisation(mean: mean, standardDeviation: standardDeviation)
            let size: PreprocessingPipeline.Resize
            switch resize {
            case .timm(let fraction, let mode):
                return try .timm(
                    height: height, width: width, cropFraction: fraction, cropMode: mode.pipeline,
                    interpolation: interpolation.pipeline, normalisation: normalisation)
            case .shortSide(let side): size = .shortSide(side)
            case .exact(let high, let wide): size = .exact(height: high, width: wide)
            case .none: size = .none
            }
            return try PreprocessingPipeline(
                resize: size, interpolation: interpolation.pipeline, height: height, width: width,
                cropRounding: .down, normalisation: normalisation)
        }
    }
}

extension ImagePreparation.CropMode {
    var pipeline: PreprocessingPipeline.CropMode {
        switch self {
        case .center: .center
        case .squash: .squash
        case .border: .border
        }
    }
}

extension ImagePreparation.Interpolation {
    var pipeline: Interpolation {
        switch self {
        case .nearest: .nearest
        case .bilinear: .bilinear
        case .bicubic: .bicubic
        case .lanczos: .lanczos
        case .box: .box
        case .hamming: .hamming
        }
    }
}
