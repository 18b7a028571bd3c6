package dev.faithdiff.jmh;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who may depend on whom, as ARCHITECTURE.md says. This module alone sees all others. */
class DependencyTest {
    private static final String ALL = "dev.faithdiff..", TENSOR = "dev.faithdiff.tensor..", KERNELS = "dev.faithdiff.kernels..",
            NN = "dev.faithdiff.nn..", MODEL = "dev.faithdiff.model..", CONVERTER = "dev.faithdiff.convert..", JMH = "dev.faithdiff.jmh..";
    static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.faithdiff");

    @Test void tensorSeesOnlyItself() { sees(TENSOR, TENSOR); }

    @Test void kernelsSeeTensor() { sees(KERNELS, TENSOR, KERNELS); }

    @Test void layersSeeOnlyTensor() { sees(NN, TENSOR, NN); }

    @Test void modelFoldersSeeOnlyThemselves() { sees(MODEL, MODEL); }

    @Test void theConverterSeesTensorAndModelFolders() { sees(CONVERTER, TENSOR, MODEL, CONVERTER); }

    /** What any restorer needs knows none of them. */
    @Test void noRestorerIsKnownToWhatAllShare() {
        Set<String> shared = Set.of("CommonOptions", "Compute", "Denoising", "Finite", "FirstStage", "Gate", "Guard", "Listener", "Offload", "Option", "Options",
                "RandomNumbers", "Restorer", "RestorerKind", "Restorers", "ResumeFile", "RgbSink", "TwoStages");
        for (String name : shared) {
            JavaClass c = CLASSES.get("dev.faithdiff." + name);
            assertThat(c.getDirectDependenciesFromSelf()).as(name).allMatch(d -> !d.getTargetClass().getPackageName().equals("dev.faithdiff")
                    || shared.contains(d.getTargetClass().getName().replaceFirst("dev.faithdiff.(\\w+).*", "$1")));
        }
    }

    @Test void modelsSeeNeitherConverterNorBenchmarks() {
        noClasses().that().resideInAPackage(ALL).and().resideOutsideOfPackages(CONVERTER, JMH)
                .should().dependOnClassesThat().resideInAnyPackage(CONVERTER, JMH).check(CLASSES);
    }

    @Test void onlyCpuKernelsUseTheVectorApi() { onlyIn("dev.faithdiff.kernels.cpu..", "jdk.incubator.vector.."); }

    @Test void onlyCudaKernelsUseJCuda() { onlyIn("dev.faithdiff.kernels.cuda..", "jcuda.."); }

    /** A reader that cannot read this JDK's class files would import nothing and pass everything. */
    @Test void everyModuleWasRead() {
        for (String known : new String[] {"tensor.Tensor", "kernels.lab.Cases", "nn.Weights", "cli.Main", "convert.Main"}) {
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
