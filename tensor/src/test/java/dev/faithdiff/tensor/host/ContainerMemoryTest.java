package dev.faithdiff.tensor.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that Linux shows to a process in a container, of both versions of control groups. */
class ContainerMemoryTest {
    private static final ContainerMemory NONE = new ContainerMemory(Long.MAX_VALUE, Long.MAX_VALUE, 0);

    @TempDir Path dir;

    private void write(String file, String text) throws IOException {
        Files.createDirectories(dir.resolve(file).getParent());
        Files.writeString(dir.resolve(file), text + "\n");
    }

    private ContainerMemory read() { return ContainerMemory.read(dir.resolve("self"), dir.resolve("cgroup")); }

    /** Docker and Kubernetes: the process's own group is the root that it sees. */
    @Test void aContainerOfVersion2() throws IOException {
        write("self", "0::/");
        write("cgroup/memory.max", "2147483648");
        write("cgroup/memory.current", "500000000");
        write("cgroup/memory.stat", "anon 100\ninactive_file 100000000\nactive_file 7");
        assertThat(read()).isEqualTo(new ContainerMemory(2147483648L, 2147483648L - 400000000, 2));
    }

    /** systemd: a slice above the service has the limit. */
    @Test void aLimitOfAGroupAbove() throws IOException {
        write("self", "0::/user.slice/run.service");
        write("cgroup/user.slice/memory.max", "1000");
        write("cgroup/user.slice/memory.current", "900");
        write("cgroup/user.slice/memory.stat", "inactive_file 0");
        write("cgroup/user.slice/run.service/memory.max", "max");
        write("cgroup/user.slice/run.service/memory.current", "10");
        assertThat(read()).isEqualTo(new ContainerMemory(1000, 100, 2));
    }

    /** The path is that of the host; the container sees its group as the root. */
    @Test void aContainerOfVersion1() throws IOException {
        write("self", "5:cpu,cpuacct:/docker/1f\n4:memory:/docker/1f\n0::/");
        write("cgroup/memory/memory.limit_in_bytes", "1073741824");
        write("cgroup/memory/memory.usage_in_bytes", "73741824");
        write("cgroup/memory/memory.stat", "inactive_file 5\ntotal_inactive_file 0");
        assertThat(read()).isEqualTo(new ContainerMemory(1073741824, 1000000000, 1));
    }

    @Test void noLimit() throws IOException {
        assertThat(read()).as("no such files").isEqualTo(NONE);
        write("self", "4:memory:/\n0::/");
        write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
        write("cgroup/memory.max", "max");
        assertThat(read()).isEqualTo(NONE);
        write("self", "nonsense");
        assertThat(read()).isEqualTo(NONE);
        assertThat(ContainerMemory.now().freeBytes()).isPositive();
    }
}
