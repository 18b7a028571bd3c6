package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.CommandLineRun;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("full")
class BenchSystemsCommandTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home")), NETWORK = HOME.resolve("models/realesr-general-x4v3"),
            STEPS = HOME.resolve("fixtures/small-model"), PHOTO = HOME.resolve("samples/coffee.png");

    @Test void timesOneSystemAfterTheOther() {
        CommandLineRun run = CommandLineRun.of(Main::run, "bench-systems", NETWORK, STEPS, "--side", 64, "--most-steps", 3, "--device", "cpu");
        assertThat(run.code()).as(run.err()).isZero();
        List<String> table = run.out().lines().toList();
        assertThat(table).hasSize(4);
        assertThat(table.get(2)).startsWith("| realesr-general-x4v3 | srvggnetcompact | 1 | 1.2 M | ");
        assertThat(table.get(3)).startsWith("| small-model | faithdiff | 3 | 0.2 M | ");
    }

    @Test void printsJsonAndGoesOnBehindAModelThatFails() {
        CommandLineRun run = CommandLineRun.of(Main::run, "bench-systems", HOME.resolve("no-such-model"), NETWORK, "--side", 64, "--repeat", 2,
                "--photo", PHOTO, "--device", "cpu", "--json");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("no-such-model: ");
        JsonArray rows = JsonParser.parseString(run.out()).getAsJsonArray();
        assertThat(rows).hasSize(1);
        JsonObject row = rows.get(0).getAsJsonObject();
        assertThat(row.get("parameters").getAsLong()).isEqualTo(1_213_296);
        assertThat(row.get("peakBytes").getAsLong()).isGreaterThan(50_000_000);
        JsonObject seconds = row.getAsJsonObject("seconds");
        assertThat(List.of("opened", "first", "another")).allSatisfy(name -> assertThat(seconds.get(name).getAsDouble()).isPositive());
        assertThat(seconds.get("processor").getAsDouble()).isNotNegative(); // its clock may tick in hundredths
    }

    @Test void refusesOddSides() {
        CommandLineRun.of(Main::run, "bench-systems", "--side", 62).assertFailed(2, "--side must be a multiple of 4");
    }
}
