internal import Foundation
internal import RunText
internal import Runs

extension ReportPage {
    /// The images that both models classify differently; nil where nothing is known of them.
    var images: Markup? {
        guard let page = run.images else { return run.predictions.map { paragraph(counts($0)) } }
        let changed = page.images.filter { $0.fullPrecision.label != $0.quantized.label }
        let cards = changed.map(card)
        let all = run.predictions.map(counts) ?? "\(QuantityText.count(page.differing)) predictions changed."
        let rest = page.differing - changed.count
        let more = rest > 0 ? note("\(QuantityText.count(rest)) more are not shown.") : ""
        return "\(paragraph(all))<ul class=\"pictures\">\(cards)</ul>\n\(more)"
    }

    /// How many predictions changed, and to what.
    private func counts(_ predictions: Predictions) -> String {
        let count = predictions.final.count
        let changed = predictions.agreeing.count { !$0 }
        let all =
            "\(QuantityText.count(changed)) of \(QuantityText.count(count)) predictions changed"
        guard let labels = predictions.labels, changed > 0 else { return "\(all)." }
        let before = zip(labels, predictions.fullPrecision).map(==)
        let after = zip(labels, predictions.final).map(==)
        let lost = zip(before, after).count { $0 && !$1 }
        let won = zip(before, after).count { !$0 && $1 }
        return
            "\(all): \(lost) from right to wrong, \(won) from wrong to right, \(changed - lost - won) from one wrong class "
            + "to another."
    }

    private func name(_ label: Int) -> String {
        guard let names = run.summary?.classNames, names.indices.contains(label) else {
            return "class \(label)"
        }
        return names[label]
    }

    private func card(_ image: ImagePrediction) -> Markup {
        func line(_ what: String, _ guess: ImagePrediction.Guess) -> Markup {
            let isWrong = image.label.map { $0 != guess.label } ?? false
            let percent = QuantityText.fixed(guess.probability * 100, decimals: 0)
            let kind: Markup = isWrong ? " class=\"wrong\"" : ""
            return "<div>\(what) <b\(kind)>\(name(guess.label))</b> \(percent) %</div>"
        }
        let data = Data(png(image)).base64EncodedString()
        let label: Markup =
            if let label = image.label { "<div>label <b>\(name(label))</b></div>" } else { "" }
        return """
            <li><img alt="image \(image.index)" width="64" height="64" src="data:image/png;base64,\(data)">\
            <div>\(label)\(line("full precision", image.fullPrecision))\(line("quantized", image.quantized))</div></li>

            """
    }
}
