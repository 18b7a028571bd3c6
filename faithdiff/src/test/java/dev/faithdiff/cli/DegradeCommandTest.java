package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

class DegradeCommandTest {
    private static final Path CLEAN = Fixtures.path("metrics/ref.png");

    @TempDir
    private Path dir;

    @Test
    void writesTheBadPhoto() throws Exception {
        Image clean = ImageFiles.read(CLEAN);
        Path small = dir.resolve("small.png"), again = dir.resolve("again.png"), large = dir.resolve("large.jpg");
        assertThat(run(new DegradeCommand(), CLEAN.toString(), "-o", small.toString(), "--seed", "7")).isZero();
        assertThat(run(new DegradeCommand(), CLEAN.toString(), "-o", again.toString(), "--seed", "7", "--recipe", "mini")).isZero();
        assertThat(run(new DegradeCommand(), CLEAN.toString(), "-o", large.toString(), "--same-size", "--recipe=published", "--scale=3")).isZero();
        assertThat(ImageFiles.read(small).width()).isEqualTo(clean.width() / 4);
        assertThat(ImageFiles.read(again)).isEqualTo(ImageFiles.read(small));
        assertThat(ImageFiles.read(large).height()).isEqualTo(clean.height());
        assertThat(run(new CompareCommand(), CLEAN.toString(), large.toString())).isZero();
    }

    @Test
    void saysWhatIsWrong() {
        String in = CLEAN.toString(), out = dir.resolve("out.png").toString();
        assertThatThrownBy(() -> run(new DegradeCommand(), in, "-o", out, "--recipe", "soup"))
                .isInstanceOf(ParameterException.class).hasMessageContaining("soup").hasMessageContaining("level3");
        assertThatThrownBy(() -> run(new DegradeCommand(), in, "-o", out, "--scale", "0"))
                .isInstanceOf(ParameterException.class).hasMessageContaining("0");
        assertThatThrownBy(() -> run(new DegradeCommand(), in, "-o", in, "--force"))
                .isInstanceOf(ParameterException.class).hasMessageContaining("would replace the photo");
        assertThatThrownBy(() -> run(new DegradeCommand(), in, "-o", Fixtures.path("metrics/blur.png").toString()))
                .isInstanceOf(ParameterException.class).hasMessageContaining("exists already");
        assertThatThrownBy(() -> run(new DegradeCommand(), in, "-o", out, "--scale", "1000"))
                .isInstanceOf(ImageError.class).hasMessageContaining("1000");
        assertThatThrownBy(() -> run(new DegradeCommand(), dir + "/none.png", "-o", out))
                .isInstanceOf(ImageError.class).hasMessageContaining("none.png");
        assertThatThrownBy(() -> run(new DegradeCommand(), in, "-o", "out.gif")).isInstanceOf(ImageError.class);
    }

    private static int run(Callable<Integer> command, String... arguments) throws Exception {
        new CommandLine(command).parseArgs(arguments);
        return command.call();
    }
}
