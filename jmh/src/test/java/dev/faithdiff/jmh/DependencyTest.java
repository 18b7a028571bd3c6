package dev.faithdiff.jmh;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who may depend on whom, as ARCHITECTURE.md says. This module alone sees all others. */
@Tag("full")
class DependencyTest {
    private static final String ALL = "dev.faithdiff..", TENSOR = "dev.faithdiff.tensor..", HOST = "dev.faithdiff.tensor.host",
            KERNELS = "dev.faithdiff.kernels..", NN = "dev.faithdiff.nn..", MODEL = "dev.faithdiff.model..", IMAGE = "dev.faithdiff.image..",
            DEGRADE = "dev.faithdiff.degrade..", NETWORKS = "dev.faithdiff.networks..", CONVERTER = "dev.faithdiff.convert..",
            RESTORE = "dev.faithdiff.restore..", SERVER = "dev.faithdiff.server..", JMH = "dev.faithdiff.jmh..";
    static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.faithdiff");

    @Test void tensorSeesOnlyItself() { sees(TENSOR, TENSOR); }

    @Test void kernelsSeeTensor() { sees(KERNELS, TENSOR, KERNELS); }

    @Test void eachFamilyOfKernelsSeesThoseItIsBuiltOf() {
        String cpu = "dev.faithdiff.kernels.cpu", cuda = "dev.faithdiff.kernels.cuda", lab = "dev.faithdiff.kernels.lab";
        String emit = cpu + ".emit", gemm = cpu + ".gemm";
        sees(emit, emit);
        sees(cpu, TENSOR, cpu, emit);
        for (String family : new String[] {"elementwise", "gemm", "move", "norm"}) sees(cpu + "." + family, TENSOR, cpu, emit, cpu + "." + family);
        for (String family : new String[] {"attention", "conv"}) sees(cpu + "." + family, TENSOR, cpu, emit, gemm, cpu + "." + family);
        sees(cuda, TENSOR, cuda);
        sees(cuda + ".op", TENSOR, cuda, cuda + ".op");
        sees(lab, TENSOR, cpu, lab); // what is tuned is the CPU's
    }

    @Test void layersSeeOnlyTensor() { sees(NN, TENSOR, NN); }

    @Test void whatIsOfTheHostSeesOnlyItself() { sees(HOST, HOST); }

    @Test void modelFoldersSeeOnlyTheHost() { sees(MODEL, HOST, MODEL); }

    @Test void imagesSeeOnlyTensor() {
        sees(IMAGE, TENSOR, IMAGE);
        sees(DEGRADE, TENSOR, IMAGE, DEGRADE);
    }

    @Test void networksSeeLayersAndSettings() { sees(NETWORKS, TENSOR, NN, MODEL, NETWORKS); }

    @Test void theConverterSeesNetworks() { sees(CONVERTER, TENSOR, NN, MODEL, NETWORKS, CONVERTER); }

    @Test void eachPartOfTheConverterSeesThoseBelow() {
        String file = "dev.faithdiff.convert.file", names = "dev.faithdiff.convert.names", system = "dev.faithdiff.convert.system";
        sees(file, TENSOR, NN, MODEL, file);
        sees(names, TENSOR, NN, MODEL, NETWORKS, file, names);
        sees(system, TENSOR, NN, MODEL, NETWORKS, file, names, system);
        sees("dev.faithdiff.convert.pull", TENSOR, file, system, MODEL, "dev.faithdiff.convert.pull");
    }

    /** What any restorer needs knows none of the systems above it. */
    @Test void whatRestorersShareSeesNetworksAndImages() { sees(RESTORE, TENSOR, NN, MODEL, NETWORKS, IMAGE, RESTORE); }

    @Test void contractsAndTilesSeeNoRestorer() {
        sees("dev.faithdiff.restore", TENSOR, NN, MODEL, IMAGE, "dev.faithdiff.restore");
        sees("dev.faithdiff.restore.tiles", TENSOR, NN, IMAGE, "dev.faithdiff.restore.tiles");
        sees("dev.faithdiff.restore.diffusion", TENSOR, NN, MODEL, IMAGE, "dev.faithdiff.networks.vae", "dev.faithdiff.networks.unet",
                "dev.faithdiff.restore", "dev.faithdiff.restore.tiles", "dev.faithdiff.restore.diffusion");
        sees("dev.faithdiff.restore.caption", TENSOR, MODEL, IMAGE, "dev.faithdiff.restore.caption");
        sees("dev.faithdiff.restore.batch", TENSOR, IMAGE, "dev.faithdiff.restore", "dev.faithdiff.restore.diffusion", "dev.faithdiff.restore.batch");
    }

    /** A forecast runs any restorer and knows none. */
    @Test void forecastsSeeNoRestorer() {
        sees("dev.faithdiff.restore.forecast", TENSOR, IMAGE, "dev.faithdiff.restore", "dev.faithdiff.restore.diffusion",
                "dev.faithdiff.restore.forecast");
    }

    /** A measure knows no restorer; a study compares them by measures. */
    @Test void measuresSeeNetworksAndImages() {
        String quality = "dev.faithdiff.quality", text = quality + ".ocr";
        for (String measures : new String[] {quality, text}) sees(measures, TENSOR, NN, MODEL, NETWORKS, IMAGE, DEGRADE, quality, text);
        sees(quality + ".trust", MODEL, IMAGE, quality + ".trust");
        sees(quality + ".study", TENSOR, MODEL, IMAGE, DEGRADE, RESTORE, quality + "..");
    }

    @Test void modelsSeeNeitherConverterNorBenchmarks() {
        noClasses().that().resideInAPackage(ALL).and().resideOutsideOfPackages(CONVERTER, JMH)
                .should().dependOnClassesThat().resideInAnyPackage(CONVERTER, JMH).check(CLASSES);
    }

    /** Nobody sees the server, and only the server sees the library that it is made with. */
    @Test void theServerStandsAboveAll() {
        noClasses().that().resideInAPackage(SERVER).should().dependOnClassesThat().resideInAnyPackage(CONVERTER, JMH).check(CLASSES);
        noClasses().that().resideInAPackage(ALL).and().resideOutsideOfPackage(SERVER).should().dependOnClassesThat().resideInAPackage(SERVER)
                .check(CLASSES);
        onlyIn(SERVER, "io.javalin..");
        noClasses().that().resideInAPackage("dev.faithdiff.server.job").should().dependOnClassesThat().resideInAPackage("dev.faithdiff.server.api")
                .check(CLASSES);
    }

    @Test void onlyCpuKernelsUseTheVectorApi() { onlyIn("dev.faithdiff.kernels.cpu..", "jdk.incubator.vector.."); }

    @Test void onlyCudaKernelsUseJCuda() { onlyIn("dev.faithdiff.kernels.cuda..", "jcuda.."); }

    /** A reader that cannot read this JDK's class files would import nothing and pass everything. */
    @Test void everyModuleWasRead() {
        for (String known : new String[] {"tensor.Tensor", "kernels.lab.Cases", "nn.Weights", "image.Image", "networks.unet.UNet", "restore.Restorer",
                "quality.Measures", "cli.Main", "convert.Main", "server.WebServer"}) {
            assertThat(CLASSES.contain("dev.faithdiff." + known)).as(known).isTrue();
        }
        assertThat(CLASSES.get("dev.faithdiff.kernels.lab.Cases").getDirectDependenciesFromSelf())
                .anyMatch(d -> d.getTargetClass().getPackageName().startsWith("dev.faithdiff.tensor"));
    }

    private static void sees(String module, String... allowed) {
        classes().that().resideInAPackage(module)
                .should().onlyDependOnClassesThat(not(resideInAnyPackage(ALL)).or(resideInAnyPackage(allowed))).check(CLASSES);
    }

    private static void onlyIn(String home, String library) {
        noClasses().that().resideOutsideOfPackage(home).should().dependOnClassesThat().resideInAPackage(library).check(CLASSES);
    }
}
