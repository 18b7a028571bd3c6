package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.junit.jupiter.api.Test;

/** How far the bar is, in thousandths of a step. */
class StepBarTest {
    private final ProgressBar shown = new ProgressBarBuilder().setConsumer(new DelegatingProgressBarConsumer(line -> {})).build();
    private final StepBar bar = new StepBar(shown, null, 20);
    private final List<String> seen = new ArrayList<>();

    private void tell(Consumer<StepBar> event) {
        event.accept(bar);
        seen.add(shown.getCurrent() + "/" + shown.getMax());
    }

    @Test void aTileIsItsShareOfAStep() {
        tell(b -> b.at("encode", 0, 0));
        tell(b -> b.tile("encode", 1, 8));
        tell(b -> b.tile("encode", 8, 8));
        tell(b -> b.at("denoise", 0, 2));
        tell(b -> b.tile("denoise", 1, 3));
        tell(b -> b.tile("denoise", 3, 3));
        tell(b -> b.at("denoise", 1, 2));
        tell(b -> b.at("denoise", 2, 2));
        tell(b -> b.at("decode", 0, 0));
        tell(b -> b.tile("decode", 1, 2));
        tell(StepBar::finish);
        assertThat(shown.getExtraMessage()).isEmpty();
        assertThat(seen).containsExactly("0/22000", "125/22000", "1000/22000", "1000/4000", "1333/4000", "2000/4000", "2000/4000", "3000/4000",
                "3000/4000", "3500/4000", "4000/4000");
    }

    @Test void aSecondStageBeginsAnew() {
        tell(b -> b.at("enlarge", 0, 2));
        tell(b -> b.at("enlarge", 2, 2));
        tell(b -> b.at("encode", 0, 0));
        tell(b -> b.tile("encode", 1, 2));
        assertThat(seen).containsExactly("0/2000", "2000/2000", "0/22000", "500/22000");
    }

    /** What is left when the work is interrupted is where it was. */
    @Test void anEndBeforeTheEndLeavesTheBarWhereItIs() {
        tell(b -> b.at("denoise", 12, 30));
        assertThat(shown.getExtraMessage()).isEqualTo("12 of 30 steps");
        tell(StepBar::close);
        assertThat(seen).containsExactly("13000/32000", "13000/32000");
    }

    @Test void nothingIsShownElsewhere() {
        StepBar none = new StepBar(null, null, 20);
        none.at("encode", 0, 0);
        none.tile("encode", 1, 2);
        none.close();
    }
}
