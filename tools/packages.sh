# What clae needs from the system, and how each system names it. Sourced by tools/quickstart and tools/test:
#   . tools/packages.sh; packages_install [tests]
# Nothing is fetched when nothing is missing. As root (or with Homebrew) missing packages are installed; otherwise they
# are named. Returns 1 when something required is still missing.

# need | probe | apt | dnf | pacman | brew       ("-": nothing to install there)
packages_table() {
    cat <<'TABLE'
required|command cc|gcc libc6-dev|gcc glibc-devel|gcc|-
required|openmp|openmp-of-cc|openmp-of-cc|openmp|libomp
required|command meson|meson|meson|meson|meson
required|command ninja|ninja-build|ninja-build|ninja|ninja
required|command pkg-config|pkg-config|pkgconf-pkg-config|pkgconf|pkgconf
required|library libpng|libpng-dev|libpng-devel|libpng|libpng
required|library libjpeg|libjpeg-dev|libjpeg-turbo-devel|libjpeg-turbo|jpeg-turbo
required|library zlib|zlib1g-dev|zlib-devel|zlib|zlib
required|library jansson|libjansson-dev|jansson-devel|jansson|jansson
required|library cairo|libcairo2-dev|cairo-devel|cairo|cairo
required|library lapacke|liblapacke-dev|lapack-devel|lapacke|lapack
required|library OpenCL|ocl-icd-opencl-dev|ocl-icd-devel opencl-headers|ocl-icd opencl-headers|opencl-headers opencl-icd-loader
required|library clblast|libclblast-dev|clblast-devel|clblast|clblast
required|font|fonts-dejavu-core|dejavu-sans-fonts|ttf-dejavu|-
optional|command curl|curl ca-certificates|curl|curl|-
optional|library libarchive|libarchive-dev|libarchive-devel|libarchive|libarchive
optional|library vips|libvips-dev|vips-devel|libvips|vips
optional|opencl-driver|pocl-opencl-icd|pocl|pocl|pocl
tests|library cmocka|libcmocka-dev|libcmocka-devel|cmocka|cmocka
tests-optional|pocl|pocl-opencl-icd|pocl|pocl|pocl
tests-optional|command c++|g++|gcc-c++|gcc|-
tests-optional|command clang|clang libomp-dev|clang libomp-devel|clang openmp|-
tests-optional|command oclgrind|oclgrind|oclgrind|oclgrind|oclgrind
tests-optional|command valgrind|valgrind|valgrind|valgrind|-
tests-optional|command strace|strace|strace|strace|-
tests-optional|rusticl|mesa-opencl-icd libclc-15 libclc-15-dev libllvmspirvlib15|mesa-libOpenCL|opencl-mesa|-
TABLE
}

packages_have() { command -v "$1" >/dev/null 2>&1; }

packages_any_file() {  # are there files that match?
    for file in "$@"; do [ -e "$file" ] && return 0; done
    return 1
}

# Can the compiler that CC names link a program with OpenMP? Apple's gets its runtime from Homebrew.
packages_openmp() {
    if [ "$(uname)" = Darwin ]; then
        packages_any_file "${HOMEBREW_PREFIX:-/opt/homebrew}"/opt/libomp/include/omp.h
        return
    fi
    # shellcheck disable=SC2086
    set -- ${CC:-cc}
    packages_have "$1" || return 0 # what comes with it is not known yet
    echo '#include <omp.h>
int main(void) { return omp_get_max_threads() < 1; }' | "$@" -fopenmp -x c -o /dev/null - 2>/dev/null
}

# Names the package of that runtime: gcc's comes with the compiler, clang-16 wants one of its version.
packages_openmp_name() {  # manager
    version=$(printf '%s\n' "${CC:-cc}" | sed -n 's/.*clang-\([0-9][0-9]*\).*/\1/p')
    case $1 in
    apt-get) echo "libomp-${version:+$version-}dev" ;;
    dnf) echo libomp-devel ;;
    esac
}

# Is what a line of the table asks for there?
packages_probe() {
    case $1 in
    command) packages_have "$2" ;;
    openmp) packages_openmp ;;
    library)
        packages_have pkg-config || return 1
        pkg-config --exists "$2" && return 0
        # Some systems ship these without a .pc file, or in a folder that pkg-config does not search.
        case $2 in
        lapacke) packages_any_file /usr/include/lapacke.h /usr/include/*/lapacke.h "${HOMEBREW_PREFIX:-/opt/homebrew}"/opt/lapack/include/lapacke.h \
            "${HOMEBREW_PREFIX:-/opt/homebrew}"/opt/openblas/include/lapacke.h ;;
        clblast) packages_any_file /usr/include/clblast_c.h /usr/local/include/clblast_c.h ;;
        *) return 1 ;;
        esac ;;
    font)
        [ "$(uname)" = Darwin ] && return 0
        find -L /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts" \
            \( -name '*.ttf' -o -name '*.otf' -o -name '*.pfb' \) 2>/dev/null | grep -q . ;;
    pocl) packages_any_file /etc/OpenCL/vendors/pocl*.icd "${HOMEBREW_PREFIX:-/opt/homebrew}"/etc/OpenCL/vendors/pocl*.icd ;;
    opencl-driver)  # Mesa's have no device without being asked to
        packages_probe pocl && return 0
        for file in /etc/OpenCL/vendors/*.icd; do
            case $file in *mesa* | *rusticl* | *'*'*) ;; *) return 0 ;; esac
        done
        return 1 ;;
    rusticl)
        packages_any_file /usr/lib/*/libRusticlOpenCL.so.1 /usr/lib64/libRusticlOpenCL.so.1 /usr/lib/libRusticlOpenCL.so.1 &&
            packages_any_file /usr/lib/clc/*spirv* /usr/share/clc/*spirv* /usr/lib/*/clc/*spirv* ;;
    esac
}

packages_manager() {
    for manager in apt-get dnf pacman brew; do
        packages_have "$manager" && { echo "$manager"; return; }
    done
}

# Names the packages of all lines whose need is among the arguments and whose probe fails.
packages_missing() {
    packages_manager_=$1
    shift
    packages_table | while IFS='|' read -r need probe apt dnf pacman brew; do
        case " $* " in *" $need "*) ;; *) continue ;; esac
        # shellcheck disable=SC2086
        packages_probe $probe && continue
        case $packages_manager_ in
        apt-get) echo "$apt" ;;
        dnf) echo "$dnf" ;;
        pacman) echo "$pacman" ;;
        brew) echo "$brew" ;;
        *) echo "${probe#* }" ;;
        esac
    done | sed "s/openmp-of-cc/$(packages_openmp_name "$packages_manager_")/" | tr ' ' '\n' | grep -vx -e - -e '' | sort -u | tr '\n' ' '
}

packages_command() {  # names the command that installs
    case $1 in
    apt-get) echo "apt-get install -y --no-install-recommends" ;;
    dnf) echo "dnf install -y" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    brew) echo "brew install" ;;
    esac
}

packages_run_install() {  # manager package...
    packages_manager_=$1
    shift
    # shellcheck disable=SC2046
    $(packages_command "$packages_manager_") "$@" </dev/null >&2
}

packages_may_install() {
    case $1 in
    '') false ;;
    brew) [ "$(id -u)" != 0 ] ;;
    *) [ "$(id -u)" = 0 ] ;;
    esac
}

# Those of the packages that this release of the distribution has.
packages_known() {
    packages_manager_=$1
    shift
    for package in "$@"; do
        case $packages_manager_ in
        apt-get) apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' && echo "$package" ;;
        *) echo "$package" ;;
        esac
    done
}

packages_update() {
    case $1 in
    apt-get) apt-get update </dev/null || echo "packages: apt-get update failed; going on with the old lists" >&2 ;;
    esac
}

# packages_install [tests]
packages_install() {
    packages_required=required packages_optional=optional
    [ "${1-}" = tests ] && packages_required='required tests' packages_optional='optional tests-optional'
    manager=$(packages_manager)
    # shellcheck disable=SC2086
    required=$(packages_missing "$manager" $packages_required) optional=$(packages_missing "$manager" $packages_optional)
    [ -z "$required$optional" ] && return 0
    if packages_may_install "$manager"; then
        echo "packages: installing $required$optional" >&2
        export DEBIAN_FRONTEND=noninteractive
        packages_update "$manager" >/dev/null
        # shellcheck disable=SC2086
        [ -z "$required" ] || packages_run_install "$manager" $required
        # shellcheck disable=SC2086
        for package in $(packages_known "$manager" $optional); do
            packages_run_install "$manager" "$package" || echo "packages: could not install $package" >&2
        done
    fi
    # shellcheck disable=SC2086
    required=$(packages_missing "$manager" $packages_required) optional=$(packages_missing "$manager" $packages_optional)
    [ -z "$optional" ] || echo "packages: not there, going on without: $optional" >&2
    [ -z "$required" ] && return 0
    echo "packages: missing: $required" >&2
    if [ -n "$manager" ]; then
        echo "packages: install them with: $(packages_command "$manager") $required" >&2
    else
        echo "packages: install them with your system's package manager" >&2
    fi
    return 1
}
